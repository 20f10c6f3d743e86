// SPDX-License-Identifier: Apache-2.0
// Must not compile: it links the room lm, and nobody gets a room's headers (here those of ingest) through another room.
#include "ballast/ingest/document.h"

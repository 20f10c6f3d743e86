# SPDX-License-Identifier: Apache-2.0
# find_package(ballast) gives one target a room: ballast::lm, ballast::text, ballast::risk …
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/ballastTargets.cmake)

# SPDX-License-Identifier: Apache-2.0
# ballast_option(NAME DEFAULT "what it builds" "what is lost without it"): an option that says, whenever it is off, what
# the build will lack.
function(ballast_option NAME DEFAULT WHAT LOST)
  option(${NAME} "${WHAT} (off: ${LOST})" ${DEFAULT})
  if(NOT ${NAME})
    message(STATUS "${NAME} is off: ${LOST}")
  endif()
endfunction()

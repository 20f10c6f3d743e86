# SPDX-License-Identifier: Apache-2.0
# ballast_unity(TARGET): compiles several sources of a target as one. Most of the time of a source goes into the headers
# and templates that it shares with its neighbours, so that a clean build takes a third of the time. Names in anonymous
# namespaces have to be unique within a target for it, and differ from those in its headers: scripts/check_names, a test,
# looks after that. Sources with options of their own are left out by CMake.
function(ballast_unity TARGET)
  if(BALLAST_UNITY)
    set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()

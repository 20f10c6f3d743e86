# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD=… -DSOURCE=… -DCXX=… -P install_test.cmake: installs Ballast to a temporary prefix, builds examples/consumer
# against that prefix alone, and runs it. Proves that the package names every library that the static rooms need.
set(work ${BUILD}/install_test)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "exit code ${code}: ${command}\n${out}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
run(${work}/prefix/bin/ballast --version)
run(${CMAKE_COMMAND} -S ${SOURCE}/examples/consumer -B ${work}/build -G Ninja -DCMAKE_PREFIX_PATH=${work}/prefix)
run(${CMAKE_COMMAND} --build ${work}/build)

# Every door can be included from the prefix alone.
file(GLOB doors RELATIVE ${work}/prefix/include ${work}/prefix/include/ballast/*/*.h)
list(TRANSFORM doors REPLACE "(.+)" "#include <\\1>\n")
list(JOIN doors "" doors)
file(WRITE ${work}/doors.cpp "${doors}")
run(${CXX} -std=c++20 -fsyntax-only -I${work}/prefix/include ${work}/doors.cpp)

# A folder that is no model is an error in words, not a crash.
execute_process(COMMAND ${work}/build/consumer ${work}/none "Bank halts withdrawals" RESULT_VARIABLE code ERROR_VARIABLE err)
if(NOT code EQUAL 1 OR NOT err MATCHES "^consumer: .*none")
  message(FATAL_ERROR "exit code ${code} for a model that does not exist: ${err}")
endif()

# SPDX-License-Identifier: Apache-2.0
# ballast_room(NAME SOURCES … [KNOWS rooms…] [LIBS libraries…])
#
# One library a room. A room's headers are reached through an include folder that shows that room alone, and rooms are
# linked PRIVATE, so a source file sees exactly the rooms that its own room KNOWS: a wrong arrow does not compile.
function(ballast_room NAME)
  cmake_parse_arguments(ROOM "" "" "SOURCES;KNOWS;LIBS" ${ARGN})
  set(view ${CMAKE_BINARY_DIR}/rooms/${NAME})
  file(MAKE_DIRECTORY ${view}/ballast)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/ballast/${NAME} ${view}/ballast/${NAME} SYMBOLIC)
  add_library(ballast_${NAME} STATIC ${ROOM_SOURCES})
  add_library(ballast::${NAME} ALIAS ballast_${NAME})
  set_target_properties(ballast_${NAME} PROPERTIES EXPORT_NAME ${NAME})
  target_include_directories(ballast_${NAME} PUBLIC $<BUILD_INTERFACE:${view}>
                                                    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(known ${ROOM_KNOWS})
    target_link_libraries(ballast_${NAME} PRIVATE ballast_${known})
  endforeach()
  target_link_libraries(ballast_${NAME} PRIVATE ${ROOM_LIBS})
  # Most sources of such a room read JSON; parsing that header anew would cost each of them a second.
  if("nlohmann_json::nlohmann_json" IN_LIST ROOM_LIBS)
    target_precompile_headers(ballast_${NAME} PRIVATE <nlohmann/json.hpp> <algorithm> <functional> <map> <string> <vector>)
  endif()
  set_property(GLOBAL APPEND PROPERTY BALLAST_ROOMS ${NAME})
endfunction()

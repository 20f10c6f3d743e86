# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: the program with its default model, the rooms' headers and a CMake package. The doors are the headers
# directly in a room; those below are installed because some doors name a type of theirs, and may change at any time.
include(CMakePackageConfigHelpers)
get_property(rooms GLOBAL PROPERTY BALLAST_ROOMS)
foreach(room ${rooms})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/ballast/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ballast
          FILES_MATCHING PATTERN "*.h")
  install(TARGETS ballast_${room} EXPORT ballastTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(TARGETS ballast RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
# Where `ballast` looks for a model when nobody names one: ../share/ballast/models beside it.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models DESTINATION ${CMAKE_INSTALL_DATADIR}/ballast COMPONENT program OPTIONAL)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ballast)
install(EXPORT ballastTargets NAMESPACE ballast:: DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ballastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/ballastConfig.cmake cmake/dependencies.cmake ${CMAKE_BINARY_DIR}/ballastConfigVersion.cmake
        DESTINATION ${package_dir})

# SPDX-License-Identifier: Apache-2.0
# `cpack` in the build folder makes ballast_VERSION_ARCH.deb: the program, its model, the dashboard where it was bundled, and
# a systemd unit. Headers and libraries for C++ programs are left to `cmake --install`.
# Both belong to the package alone: `cmake --install` leaves the machine's services as they are.
install(FILES packaging/ballast.service DESTINATION lib/systemd/system COMPONENT service EXCLUDE_FROM_ALL)
install(FILES packaging/serve.toml DESTINATION /etc/ballast COMPONENT service EXCLUDE_FROM_ALL)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ballast)
set(CPACK_PACKAGE_CONTACT "The Ballast authors <maintainers@ballast.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Language-model system for financial risk")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/conffiles")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL program service)
include(CPack)

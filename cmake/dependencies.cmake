# SPDX-License-Identifier: Apache-2.0
# Every library that Ballast's rooms link, found once; installed packages load this file too, since a program that links
# static rooms links their libraries as well. Everything is REQUIRED: a missing library is an error that names it, here
# and in the consumer's build.
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
find_package(hwy REQUIRED CONFIG)
find_package(ICU REQUIRED COMPONENTS uc i18n data)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(fmt REQUIRED CONFIG)
find_package(ZLIB REQUIRED)
find_package(Eigen3 REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(UCHARDET REQUIRED IMPORTED_TARGET uchardet)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(XGBOOST REQUIRED IMPORTED_TARGET xgboost)
pkg_check_modules(NLOPT REQUIRED IMPORTED_TARGET nlopt_cxx)
find_library(LIB_STEMMER stemmer REQUIRED)
find_library(LIB_SOCI_CORE soci_core REQUIRED)
find_library(LIB_SOCI_SQLITE3 soci_sqlite3 REQUIRED)
find_library(LIB_QUANTLIB QuantLib REQUIRED)

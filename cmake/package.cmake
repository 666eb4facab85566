# What `cpack` makes of a build: a .deb (cpack -G DEB), and the sources (cpack -G TGZ --config CPackSourceConfig.cmake).
set(CPACK_PACKAGE_NAME faultline)
set(CPACK_PACKAGE_VENDOR "the Faultline authors")
# A package names who packed it: -DFAULTLINE_MAINTAINER="Name <address>". Without, nobody can be written to.
set(FAULTLINE_MAINTAINER "Faultline <noreply@faultline.invalid>" CACHE STRING "Who packs, for the .deb")
set(CPACK_PACKAGE_CONTACT "${FAULTLINE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "finds the page fault that would panic a Mac, on Linux")
set(CPACK_PACKAGE_DESCRIPTION
"A model of how XNU maps memory lazily and wires it, release by release:
a program that runs scenarios, and libraries in which a driver's own code
traps where the Mac would panic.")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
# The manual, gdb's script and pkg-config's file say where they will be, not where they are packed.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# dpkg-shlibdeps reads what the program and the shared libraries need; the static ones need headers.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/sim)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_files.cmake)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libdw-dev, pkg-config")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, g++, libcmocka-dev, valgrind")

set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_IGNORE_FILES "^${PROJECT_SOURCE_DIR}/build/" "^${PROJECT_SOURCE_DIR}/\\\\.git(/|$)" "/__pycache__/")
include(CPack)

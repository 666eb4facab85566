# package_files.cmake - before a .deb is packed: what Debian asks of a package's files
#
# Manual pages are compressed, there is a changelog of Debian's form, and zsh's words are where a package has them.
set(root ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
if(NOT CPACK_GENERATOR STREQUAL DEB OR NOT EXISTS ${root})
    return()
endif()
file(REMOVE_RECURSE ${root}/zsh/site-functions)
file(WRITE ${root}/doc/faultline/changelog
"faultline (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * What has changed is in CHANGELOG.md.

 -- ${CPACK_PACKAGE_CONTACT}  Fri, 27 Nov 2026 00:00:00 +0000
")
file(GLOB pages ${root}/man/man*/*.[1-9])
execute_process(COMMAND gzip -9n ${pages} ${root}/doc/faultline/changelog COMMAND_ERROR_IS_FATAL ANY)

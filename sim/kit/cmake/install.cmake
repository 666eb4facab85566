# What `cmake --install` gives: the program, the libraries, their headers, and how to find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/Faultline)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/faultline)
set(libraries vmmodel faultline_mach)
set_target_properties(faultline_mach PROPERTIES EXPORT_NAME mach)
if(TARGET faultline_native)
    list(APPEND libraries faultline_native faultline_iokit)
    set_target_properties(faultline_native PROPERTIES EXPORT_NAME kit)
    set_target_properties(faultline_iokit PROPERTIES EXPORT_NAME iokit)
endif()
if(TARGET faultline_shared)
    list(APPEND libraries faultline_shared faultline_iokit_shared)
endif()

install(TARGETS faultline RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${libraries} EXPORT FaultlineTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT FaultlineTargets NAMESPACE faultline:: DESTINATION ${folder})

# A debugger's view of the structures: gdb looks for it where the program is said to be, and a driver's
# author may `source` it.
set(gdb_script ${CMAKE_CURRENT_SOURCE_DIR}/kit/gdb/faultline-gdb.py)
install(FILES ${gdb_script} DESTINATION ${CMAKE_INSTALL_DATADIR}/faultline)
install(FILES ${gdb_script}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/gdb/auto-load\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})

# What is to be read, and the scenarios that the pages speak of.
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
    FILES_MATCHING PATTERN "*.md" PATTERN "*.scn" PATTERN "*.svg" PATTERN man EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/examples/tutorial ${PROJECT_SOURCE_DIR}/tests/examples/driver_core
    ${PROJECT_SOURCE_DIR}/tests/examples/user_client DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/scenarios
    DESTINATION ${CMAKE_INSTALL_DATADIR}/faultline)

# The manual is made from the program's own help, the page of the language and the headers' comments.
find_program(FAULTLINE_PYTHON NAMES python3)
if(FAULTLINE_PYTHON)
    set(manual ${PROJECT_SOURCE_DIR}/docs/man)
    set(pages ${CMAKE_CURRENT_BINARY_DIR}/man)
    file(GLOB_RECURSE texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/vmmodel/*.h
        ${CMAKE_CURRENT_SOURCE_DIR}/kit/include/*.h ${CMAKE_CURRENT_SOURCE_DIR}/kit/mach/*.h)
    add_custom_command(OUTPUT ${pages}/man1/faultline.1
        COMMAND ${FAULTLINE_PYTHON} ${manual}/man.py
            $<TARGET_FILE:faultline> ${PROJECT_SOURCE_DIR} ${pages}
        DEPENDS faultline ${manual}/man.py ${manual}/faultline.1.in ${texts}
            ${PROJECT_SOURCE_DIR}/docs/scenario-language.md)
    add_custom_target(manual ALL DEPENDS ${pages}/man1/faultline.1)
    install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR} OPTIONAL)
endif()

# Where each shell looks for what completes a program's words.
set(completion ${CMAKE_CURRENT_SOURCE_DIR}/cmd/completion)
install(FILES ${completion}/faultline.bash RENAME faultline
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
foreach(folder_of_zsh site-functions vendor-completions) # by hand, and by a package of Debian's
    install(FILES ${completion}/_faultline
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/${folder_of_zsh})
endforeach()
install(FILES ${completion}/faultline.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# A file of the model names its floor: <hooks/vmk.h>. Kernel headers are in a folder of their own, as
# they replace the host's.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/vmmodel/ DESTINATION ${headers}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*_internal.h" EXCLUDE)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/kit/include/ DESTINATION ${headers}/kit)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/kit/mach/include/ DESTINATION ${headers}/mach)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/kit/mach/mach_kit.h DESTINATION ${headers}/mach)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/kit/kext/include/
    ${CMAKE_CURRENT_BINARY_DIR}/kit/kext/include/ DESTINATION ${headers}/kext)

configure_package_config_file(${CMAKE_CURRENT_SOURCE_DIR}/kit/cmake/FaultlineConfig.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/FaultlineConfig.cmake INSTALL_DESTINATION ${folder})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/FaultlineConfigVersion.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/kit/cmake/FaultlineKext.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/FaultlineConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/FaultlineConfigVersion.cmake DESTINATION ${folder})
# pkg-config gives the shared library where there is one, which brings what it needs itself.
set(FAULTLINE_PC_LIBS "-lfaultline_native -lvmmodel -ldw -lelf -ldl -lpthread")
if(TARGET faultline_shared)
    set(FAULTLINE_PC_LIBS "-lfaultline")
endif()
file(RELATIVE_PATH FAULTLINE_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/kit/cmake/faultline.pc.in
    ${CMAKE_CURRENT_BINARY_DIR}/faultline.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/faultline.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

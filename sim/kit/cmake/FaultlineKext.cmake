# How a kext's own sources are compiled on Linux, for this build and for everybody who installs it.

# Where the compiler keeps <stddef.h> and <stdarg.h>; everything else is ours.
function(faultline_compiler_headers out)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-resource-dir
            OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
        set(folder ${folder}/include)
    else()
        execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=include
            OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
    endif()
    set(${out} ${folder} PARENT_SCOPE)
endfunction()

# Gives a target the flags of kernel code. FAULTLINE_KEXT_INCLUDE_DIRS are the kernel headers.
function(faultline_kext_flags target)
    faultline_compiler_headers(own)
    target_compile_options(${target} PRIVATE
        -nostdinc $<$<COMPILE_LANGUAGE:CXX>:-nostdinc++>
        "$<$<COMPILE_LANGUAGE:CXX>:-fno-rtti;-fno-exceptions>"
        -fno-optimize-sibling-calls # a report names every caller
        -U__linux__ -U__linux -Ulinux -D__APPLE__ -D__MACH__ -DKERNEL -D__APPLE_CC__=6000)
    foreach(folder IN LISTS FAULTLINE_KEXT_INCLUDE_DIRS)
        target_compile_options(${target} PRIVATE "SHELL:-isystem ${folder}")
    endforeach()
    target_compile_options(${target} PRIVATE "SHELL:-isystem ${own}")
    set_target_properties(${target} PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS ON)
endfunction()

# faultline_add_kext_test(NAME SOURCES driver.cpp... TEST test.c... [LIBRARIES cmocka...] [MACHINE arm64-16k])
# SOURCES are compiled as kernel code, unmodified; TEST as the host's. Adds the test NAME; NAME_kext are SOURCES,
# as in target_include_directories(NAME_kext PRIVATE include).
function(faultline_add_kext_test name)
    cmake_parse_arguments(arg "" "MACHINE" "SOURCES;TEST;LIBRARIES" ${ARGN})
    if(arg_MACHINE AND NOT arg_MACHINE MATCHES "^(x86_64|arm64-16k)$")
        message(FATAL_ERROR "faultline_add_kext_test(${name}): MACHINE is x86_64 or arm64-16k")
    endif()
    if(NOT CMAKE_CXX_COMPILER)
        message(FATAL_ERROR "faultline_add_kext_test(${name}): a kext is C++: write CXX among the LANGUAGES of project()")
    endif()
    add_library(${name}_kext OBJECT ${arg_SOURCES})
    faultline_kext_flags(${name}_kext)
    add_executable(${name} ${arg_TEST} $<TARGET_OBJECTS:${name}_kext>)
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(${name} PRIVATE faultline::iokit ${arg_LIBRARIES})
    add_test(NAME ${name} COMMAND ${name})
    if(arg_MACHINE STREQUAL "arm64-16k")
        target_compile_definitions(${name}_kext PRIVATE FAULTLINE_PAGE_SHIFT=14)
    endif()
    if(arg_MACHINE)
        set_tests_properties(${name} PROPERTIES ENVIRONMENT FAULTLINE_MACHINE=${arg_MACHINE})
    endif()
endfunction()

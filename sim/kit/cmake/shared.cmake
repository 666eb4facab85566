# libfaultline.so: the model and the kit, of which only vmk_ and faultline_ are seen.
# libfaultline_iokit.so: I/O Kit's names over it.
get_target_property(model_sources vmmodel SOURCES)
add_library(faultline_shared SHARED ${model_sources} ${native_sources})
set(map ${CMAKE_CURRENT_SOURCE_DIR}/kit/cmake/faultline.map)
set_target_properties(faultline_shared PROPERTIES
    OUTPUT_NAME faultline VERSION ${PROJECT_VERSION} SOVERSION 0 EXPORT_NAME shared LINK_DEPENDS ${map})
target_link_options(faultline_shared PRIVATE -Wl,--version-script=${map} -Wl,--no-undefined)
target_include_directories(faultline_shared PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/vmmodel> $<INSTALL_INTERFACE:include/faultline>
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/kit/include>
    $<INSTALL_INTERFACE:include/faultline/kit>)
target_include_directories(faultline_shared PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(faultline_shared PRIVATE _POSIX_C_SOURCE=200809L)
target_link_libraries(faultline_shared PRIVATE PkgConfig::libdw ${CMAKE_DL_LIBS} pthread)

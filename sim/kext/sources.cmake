# What the kext is made of, besides its few parts of which one is chosen: kext_c, kext_cpp.
set(core ${PROJECT_SOURCE_DIR}/sim/core)
set(model ${PROJECT_SOURCE_DIR}/vmmodel)

# The runner without what prints for people and what works on the vm floor.
file(GLOB kext_c CONFIGURE_DEPENDS ${core}/scn_*.c ${core}/core_*.c ${core}/contract*.c)
list(REMOVE_ITEM kext_c ${core}/scn_print.c ${core}/scn_view.c
    ${core}/scn_state.c ${core}/scn_state_json.c
    ${core}/scn_operation_dma.c ${core}/scn_operation_vm.c ${core}/scn_operation_bsd.c
    ${core}/scn_expect_vm.c ${core}/scn_threads.c)

# What the runner asks of the model: names, numbers, releases and rules, but none of its floors.
file(GLOB verify CONFIGURE_DEPENDS ${model}/verify/*.c)
list(APPEND kext_c ${verify} ${core}/explore_schedule.c
    ${model}/base/alloc.c ${model}/base/rng.c ${model}/base/sheet.c ${model}/base/status.c
    ${model}/base/text.c ${model}/hw/hw_catalog.c ${model}/hw/hw_geometry.c
    ${model}/trace/trace.c ${model}/trace/trace_digest.c
    ${model}/vm/vm_fault_name.c ${model}/vm/vm_profile.c)
foreach(part operations run table world)
    list(APPEND kext_c ${PROJECT_SOURCE_DIR}/sim/kext/kext_${part}.c)
endforeach()
foreach(part vmk_xnu vmk_xnu_map vmk_xnu_lock vmk_xnu_run Faultline)
    list(APPEND kext_cpp ${PROJECT_SOURCE_DIR}/sim/kext/${part}.cpp)
endforeach()

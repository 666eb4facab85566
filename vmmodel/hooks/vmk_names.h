/*
 * vmk_names.h - the verbs under the names by which vmk_front.c calls them
 *
 * PURPOSE     Whoever defines verbs of verbs.def includes this first: what it defines as vmk_free() is
 *             model_free() for everybody else, and vmk_free() is in front of it.
 * INVARIANTS  one line for each line of verbs.def
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef HOOKS_VMK_NAMES_H
#define HOOKS_VMK_NAMES_H

#define vmk_desc_range model_desc_range
#define vmk_desc_ranges model_desc_ranges
#define vmk_desc_address model_desc_address
#define vmk_desc_buffer model_desc_buffer
#define vmk_desc_buffer_guarded model_desc_buffer_guarded
#define vmk_desc_physical model_desc_physical
#define vmk_desc_multi model_desc_multi
#define vmk_desc_guard model_desc_guard
#define vmk_desc_sub model_desc_sub
#define vmk_desc_persistent model_desc_persistent
#define vmk_sim_desc_list model_sim_desc_list
#define vmk_desc_retain model_desc_retain
#define vmk_desc_release model_desc_release
#define vmk_desc_set_length model_desc_set_length
#define vmk_desc_prepare model_desc_prepare
#define vmk_desc_complete model_desc_complete
#define vmk_desc_read model_desc_read
#define vmk_desc_write model_desc_write
#define vmk_desc_segment model_desc_segment
#define vmk_desc_page_counts model_desc_page_counts
#define vmk_desc_set_purgeable model_desc_set_purgeable
#define vmk_desc_perform model_desc_perform
#define vmk_desc_redirect model_desc_redirect
#define vmk_map_create model_map_create
#define vmk_map_set model_map_set
#define vmk_map_retain model_map_retain
#define vmk_map_release model_map_release
#define vmk_map_unmap model_map_unmap
#define vmk_map_wire model_map_wire
#define vmk_map_block model_map_block
#define vmk_map_redirect model_map_redirect
#define vmk_dma_create model_dma_create
#define vmk_dma_release model_dma_release
#define vmk_dma_set model_dma_set
#define vmk_dma_clear model_dma_clear
#define vmk_dma_prepare model_dma_prepare
#define vmk_dma_complete model_dma_complete
#define vmk_dma_segments model_dma_segments
#define vmk_dma_synchronize model_dma_synchronize
#define vmk_alloc model_alloc
#define vmk_alloc_pageable model_alloc_pageable
#define vmk_free model_free
#define vmk_free_pageable model_free_pageable
#define vmk_lock_alloc model_lock_alloc
#define vmk_lock_free model_lock_free
#define vmk_lock_acquire model_lock_acquire
#define vmk_lock_try model_lock_try
#define vmk_lock_release model_lock_release
#define vmk_lock_upgrade model_lock_upgrade
#define vmk_interrupts_set model_interrupts_set
#define vmk_sleep model_sleep
#define vmk_wakeup model_wakeup
#define vmk_panic model_panic
#define vmk_sim_enter model_sim_enter
#define vmk_sim_leave model_sim_leave
#define vmk_sim_task_create model_sim_task_create
#define vmk_sim_task_create_small model_sim_task_create_small
#define vmk_sim_task_fork model_sim_task_fork
#define vmk_sim_task_terminate model_sim_task_terminate
#define vmk_sim_allocate model_sim_allocate
#define vmk_sim_deallocate model_sim_deallocate
#define vmk_sim_protect model_sim_protect
#define vmk_sim_read model_sim_read
#define vmk_sim_write model_sim_write
#define vmk_sim_user_wire model_sim_user_wire
#define vmk_sim_user_unwire model_sim_user_unwire
#define vmk_sim_device_read model_sim_device_read
#define vmk_sim_device_write model_sim_device_write
#define vmk_sim_call_begin model_sim_call_begin
#define vmk_sim_call_end model_sim_call_end

#endif

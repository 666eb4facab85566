/*
 * vmmodel.h - the whole model for an embedder, in one include
 *
 * PURPOSE     Names the headers that anyone outside the model may use.
 * INVARIANTS  none
 * UNITS       as each header says
 * OWNERSHIP   as each header says
 * ERRORS      as each header says
 * EVENTS      trace/event.def
 * XNU         none
 */
#ifndef VMMODEL_H
#define VMMODEL_H

#include "base/alloc.h"
#include "base/injector.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/text.h"
#include "base/types.h"
#include "hooks/vmk.h"
#include "hooks/vmk_sim.h"
#include "trace/trace.h"
#include "trace/trace_digest.h"
#include "trace/trace_ring.h"
#include "verify/verify.h"
#include "vm/vm_bsd.h"
#include "vm/vm_context.h"
#include "vm/vm_digest.h"
#include "vm/vm_fault.h"
#include "vm/vm_kmem.h"
#include "vm/vm_look.h"
#include "vm/vm_map.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_profile.h"
#include "vm/vm_sched.h"
#include "vm/vm_system.h"
#include "vm/vm_user.h"

#endif

/*
 * harness.cpp - the kernel around a driver under test; see faultline/iokit.h
 */
#include <faultline/iokit.h>
#include <faultline_kext/iokit.h>

#include "host.h"
#include "ports.h"
#include "seam.h"

enum { INBAND = 4096, SCALARS = 16 };

static const char *trouble = "";

/* The handles are the objects. */
static IOService *
service_of(faultline_service_t *handle)
{
    return (IOService *)(void *)handle;
}

static IOUserClient *
client_of(faultline_client_t *handle)
{
    return (IOUserClient *)(void *)handle;
}

const char *
faultline_iokit_trouble(void)
{
    return trouble;
}

/* ---- what a test says of the program, and of memory ---- */

static bool is_privileged = true;

void
faultline_set_privileged(int is_root)
{
    is_privileged = is_root != 0;
}

bool
seam_is_privileged()
{
    return is_privileged;
}

void
seam_may_block()
{
    Seam seam;

    vmk_sim_may_block();
}

static __thread unsigned kernels_own; /* how many Kernels this thread is in */

Kernel::Kernel()
{
    kernels_own++;
}

Kernel::~Kernel()
{
    kernels_own--;
}

bool
seam_allocation_fails()
{
    Seam seam;

    return kernels_own == 0 && faultline_call_fails("allocation") != 0;
}

/* ---- what is loaded and open, for a test that ends in the middle ---- */

static OSArray *loaded = OSArray::withCapacity(4);
static OSArray *opened = OSArray::withCapacity(4);

/* Takes an object off a list; the list's reference goes. */
static void
strike(OSArray *list, const OSMetaClassBase *object)
{
    list->removeObject(list->getNextIndexOfObject(object, 0));
}

void
faultline_end_all(void)
{
    while (opened->getCount() > 0)
        faultline_close((faultline_client_t *)(void *)opened->getLastObject());
    while (loaded->getCount() > 0)
        faultline_unload((faultline_service_t *)(void *)loaded->getLastObject());
}

/* ---- loading ---- */

static faultline_service_t *
refuse(IOService *service, const char *why)
{
    trouble = why;
    OSSafeRelease(service);
    return NULL;
}

/* What the property list would say of the class. */
static OSDictionary *
personality_of(const char *class_name)
{
    Kernel kernel;
    OSDictionary *personality = OSDictionary::withCapacity(1);
    OSString *name = OSString::withCString(class_name);

    personality->setObject(gIOClassKey, name);
    name->release();
    return personality;
}

static bool
init_driver(IOService *service, const char *class_name)
{
    OSDictionary *personality = personality_of(class_name);
    bool is_good = service->init(personality);

    personality->release();
    return is_good;
}

/* Attached for so long, it says which service drives the provider: itself, or another; NULL: none. */
static IOService *
probed(IOService *service, IOService *provider)
{
    SInt32 score = 0;
    IOService *chosen = service->probe(provider, &score);

    service->detach(provider);
    if (chosen != NULL && chosen != service)
        service->release();
    return chosen;
}

/* As a kernel starts a driver that matched: init, attach, probe, detach; attach and start. */
faultline_service_t *
faultline_load_on(const char *class_name, faultline_service_t *nub)
{
    OSObject *made = OSMetaClass::allocClassWithName(class_name);
    IOService *service = OSDynamicCast(IOService, made), *chosen;
    IOService *provider = nub == NULL ? IOService::getResourceService() : service_of(nub);

    faultline_claim_null(1);
    faultline_on_end(faultline_end_all);
    if (service == NULL) {
        OSSafeRelease(made);
        return refuse(NULL, "no such IOService class is linked into the test");
    }
    if (!init_driver(service, class_name))
        return refuse(service, "init() failed");
    if (!service->attach(provider))
        return refuse(service, "attach() failed");
    chosen = probed(service, provider);
    if (chosen == NULL)
        return refuse(service, "probe() gave NULL");
    service = chosen;
    if (!service->attach(provider))
        return refuse(service, "attach() failed");
    if (!service->start(provider)) {
        service->detach(provider);
        return refuse(service, "start() failed");
    }
    loaded->setObject(service);
    return (faultline_service_t *)(void *)service;
}

faultline_service_t *
faultline_load(const char *class_name)
{
    return faultline_load_on(class_name, NULL);
}

faultline_service_t *
faultline_nub(void)
{
    Kernel kernel;
    IOService *nub = new IOService;

    if (!nub->init((OSDictionary *)NULL) || !nub->attach(IOService::getResourceService()))
        return refuse(nub, "no nub");
    loaded->setObject(nub);
    return (faultline_service_t *)(void *)nub;
}

vmk_return_t
faultline_interrupt(faultline_service_t *handle, int source)
{
    return service_of(handle)->causeInterrupt(source);
}

vmk_return_t
faultline_set_power(faultline_service_t *handle, unsigned long ordinal)
{
    return service_of(handle)->changePowerStateTo(ordinal);
}

void
faultline_set_property(faultline_service_t *handle, const char *key, const char *value)
{
    service_of(handle)->setProperty(key, value);
}

/* It ends now, also when it waits for something: nobody will be there any more. */
static void
end_service(IOService *service)
{
    (void)service->terminate(kIOServiceRequired | kIOServiceSynchronous);
    service->endDeferred(kIOServiceRequired | kIOServiceSynchronous);
}

void
faultline_unload(faultline_service_t *handle)
{
    IOService *service = service_of(handle);

    if (service == NULL)
        return;
    end_service(service);
    strike(loaded, service);
    service->release();
}

faultline_client_t *
faultline_open(faultline_service_t *handle, vmk_task_t task, uint32_t type)
{
    IOUserClient *client = NULL;
    IOReturn status = kIOReturnNoDevice;

    if (handle != NULL)
        status = service_of(handle)->newUserClient(task, task, type, NULL, &client);
    if (status == kIOReturnSuccess && client != NULL) {
        opened->setObject(client);
        client->setTaskOfClient(task); /* a driver's initWithTask() need not pass it up */
        return (faultline_client_t *)(void *)client;
    }
    trouble = "newUserClient() failed";
    return NULL;
}

/* A driver that does not end its client in clientClose() is helped, as the kernel does at last. */
void
faultline_close(faultline_client_t *handle)
{
    IOUserClient *client = client_of(handle);

    if (client == NULL)
        return;
    (void)client->clientClose();
    end_service(client);
    strike(opened, client);
    client->release();
}

void
faultline_die(faultline_client_t *handle)
{
    IOUserClient *client = client_of(handle);

    (void)client->clientDied();
    end_service(client);
    strike(opened, client);
    client->release();
}

vmk_return_t
faultline_user_set_port(faultline_client_t *handle, faultline_port_t *port, uint32_t type,
                        uint64_t refcon)
{
    return client_of(handle)->registerNotificationPort((mach_port_t)(void *)port, type,
                                                       (io_user_reference_t)refcon);
}

/* ---- memory of the task ---- */

extern "C" {
vmk_return_t vmk_sim_allocate(vmk_task_t task, uint64_t *address, uint64_t length);
vmk_return_t vmk_sim_deallocate(vmk_task_t task, uint64_t address, uint64_t length);
void vmk_sim_task_switch(vmk_task_t task);
vmk_desc_t vmk_desc_range(vmk_task_t, uint64_t, uint64_t, vmk_options_t);
}

void *
faultline_user_allocate(vmk_task_t task, uint64_t length)
{
    Seam seam;
    uint64_t address = 0;

    if (vmk_sim_allocate(task, &address, length) != 0)
        return NULL;
    return faultline_pointer(task, address);
}

/* A structure of the caller's as the task has it: its own memory, or a copy of the test's. */
struct UserBytes {
    vmk_task_t task;
    uint64_t address, size;
    bool isCopy;

    UserBytes(vmk_task_t owner, const void *bytes, uint64_t length, bool isInput)
        : task(owner), address(0), size(length), isCopy(false)
    {
        Seam seam;
        vmk_task_t whose = NULL;

        if (bytes == NULL || length == 0)
            return;
        address = faultline_address(bytes, &whose);
        if (whose == owner)
            return;
        address = 0;
        isCopy = vmk_sim_allocate(owner, &address, length) == 0;
        if (isCopy && isInput)
            (void)vmk_sim_write(owner, address, bytes, 0, length, NULL);
    }

    /* Brings what the driver wrote to the caller's own memory. */
    void
    giveBack(void *bytes, uint64_t length)
    {
        Seam seam;

        if (isCopy && bytes != NULL)
            (void)vmk_sim_read(task, address, bytes, length, NULL);
    }

    ~UserBytes()
    {
        Seam seam;

        if (isCopy)
            (void)vmk_sim_deallocate(task, address, size);
    }
};

/* ---- one call ---- */

/* What vmk_sim.h's call path takes and gives; the layout is its own. */
struct SimCall {
    vmk_task_t task;
    uint64_t input, input_size;
    uint64_t output, output_size;
    int force_out_of_line;
    const uint8_t *inline_input;
    uint32_t inline_input_size;
    vmk_desc_t input_descriptor;
    vmk_desc_t output_descriptor;
    void *state;
};

extern "C" {
vmk_return_t vmk_sim_call_begin(struct SimCall *call);
vmk_return_t vmk_sim_call_end(struct SimCall *call);
}

static vmk_return_t
begin(SimCall *call)
{
    Seam seam;

    return vmk_sim_call_begin(call);
}

static vmk_return_t
end(SimCall *call)
{
    Seam seam;

    return vmk_sim_call_end(call);
}

/* Fills the arguments, calls the driver, and takes its answers. */
static IOReturn
call_method(IOUserClient *client, uint32_t selector, struct faultline_call *call, SimCall *sim)
{
    char inline_output[INBAND];
    uint64_t scalars[SCALARS] = { 0 };
    OSAsyncReference64 reference = { 0 };
    IOExternalMethodArguments arguments;
    IOReturn result;

    memset(&arguments, 0, sizeof(arguments));
    memset(inline_output, 0, sizeof(inline_output));
    arguments.version = 2;
    arguments.selector = selector;
    arguments.scalarInput = call->scalar_input;
    arguments.scalarInputCount = call->scalar_input_count;
    arguments.scalarOutput = scalars;
    arguments.scalarOutputCount = call->scalar_output_count;
    arguments.structureInput = sim->inline_input;
    arguments.structureInputSize = sim->inline_input_size;
    arguments.structureInputDescriptor = IOMemoryDescriptor::ofSeam(sim->input_descriptor);
    arguments.structureOutputDescriptor = IOMemoryDescriptor::ofSeam(sim->output_descriptor);
    if (arguments.structureOutputDescriptor != NULL) {
        arguments.structureOutputDescriptorSize = (uint32_t)call->output_size;
    } else {
        arguments.structureOutput = inline_output;
        arguments.structureOutputSize = (uint32_t)call->output_size;
    }
    if (call->port != NULL) {
        IOUserClient::setAsyncReference64(reference, (mach_port_t)(void *)call->port, 0,
                                          call->refcon);
        arguments.asyncWakePort = (mach_port_t)(void *)call->port;
        arguments.asyncReference = reference;
        arguments.asyncReferenceCount = kOSAsyncRef64Count;
    }
    result = client->externalMethod(selector, &arguments);
    for (uint32_t i = 0; i < call->scalar_output_count && call->scalar_output != NULL; i++)
        call->scalar_output[i] = scalars[i];
    call->scalar_output_count = arguments.scalarOutputCount;
    if (arguments.structureOutputDescriptor != NULL)
        call->output_size = arguments.structureOutputDescriptorSize;
    else if (arguments.structureOutputSize <= call->output_size) {
        call->output_size = arguments.structureOutputSize;
        if (call->output != NULL)
            memcpy(call->output, inline_output, call->output_size);
    }
    OSSafeRelease(arguments.structureInputDescriptor);
    OSSafeRelease(arguments.structureOutputDescriptor);
    return result;
}

vmk_return_t
faultline_user_call(faultline_client_t *handle, uint32_t selector, struct faultline_call *call)
{
    IOUserClient *client = client_of(handle);
    vmk_task_t task = client->taskOfClient();
    UserBytes input(task, call->input, call->input_size, true);
    UserBytes output(task, call->output, call->output_size > INBAND ? call->output_size : 0, false);
    SimCall sim;
    vmk_return_t result;
    vmk_return_t status;

    if (call->scalar_input_count > SCALARS || call->scalar_output_count > SCALARS)
        return kIOReturnBadArgument;
    memset(&sim, 0, sizeof(sim));
    sim.task = task;
    sim.input = input.address;
    sim.input_size = call->input_size;
    sim.output = output.address;
    sim.output_size = call->output_size > INBAND ? call->output_size : 0;
    status = begin(&sim);
    if (status != 0)
        return status;
    result = call_method(client, selector, call, &sim);
    status = end(&sim);
    output.giveBack(call->output, call->output_size);
    return result != 0 ? result : status;
}

vmk_return_t
faultline_user_call_struct(faultline_client_t *client, uint32_t selector, const void *input,
                           uint64_t input_size)
{
    struct faultline_call call;

    memset(&call, 0, sizeof(call));
    call.input = input;
    call.input_size = input_size;
    return faultline_user_call(client, selector, &call);
}

/* The map stays until the client is gone; IOConnectUnmapMemory() is rare. */
void *
faultline_user_map(faultline_client_t *handle, uint32_t type, uint32_t options, uint64_t *size,
                   vmk_return_t *result)
{
    IOUserClient *client = client_of(handle);
    IOOptionBits client_options = 0;
    IOMemoryDescriptor *memory = NULL;
    IOMemoryMap *map;

    *result = client->clientMemoryForType(type, &client_options, &memory);
    if (*result != kIOReturnSuccess || memory == NULL)
        return NULL;
    map = memory->createMappingInTask(client->taskOfClient(), 0,
                                      (client_options & ~(IOOptionBits)kIOMapUserOptionsMask) |
                                          (options & kIOMapUserOptionsMask) | kIOMapAnywhere);
    memory->release();
    if (map == NULL) {
        *result = kIOReturnBadArgument;
        return NULL;
    }
    client->keepMap(map);
    if (size != NULL)
        *size = map->getLength();
    return faultline_pointer(client->taskOfClient(), map->getAddress());
}

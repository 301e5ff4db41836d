/* A double of NVIDIA's management library: the machine of state.h, with nvml.h's layouts.
 *
 * PROCESS_3_BYTES: size of a record of the third list of processes; 32 in the drivers 535.43 to
 * 535.86, 24 in all others. OPENS_MEMORY: whether the device file for memory, nvidia-uvm, is open
 * from the start to the end. Functions that a driver does not have are hidden by the linker.
 */
#include "state.h"

#ifndef PROCESS_3_BYTES
#define PROCESS_3_BYTES 24
#endif
#ifndef OPENS_MEMORY
#define OPENS_MEMORY 0
#endif

enum { OK, UNINITIALIZED, INVALID, UNSUPPORTED, FORBIDDEN, NOT_FOUND = 6, TOO_SMALL = 7, BAD_VERSION = 25 };

typedef void *Handle;
typedef struct { unsigned version; u64 total, reserved, free, used; } Memory2;
typedef struct { u64 total, free, used; } Memory1;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned version, sensor; int temperature; } Temperature1;
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char text[32]; } Pci;
typedef struct { unsigned multiprocessors, shared[5], gi_slices, ci_slices; u64 megabytes; } Attributes;

static int started;

/* A handle is a number: the GPU's place, and the place of a MIG instance in it. */
static Handle handle_of(int gpu, int slot) { return (Handle)(uintptr_t)(0x10000 + gpu * 16 + slot + 1); }
static int gpu_of(Handle handle) { return ((int)(uintptr_t)handle - 0x10000) / 16; }
static int slot_of(Handle handle) { return ((int)(uintptr_t)handle - 0x10000) % 16 - 1; }

static int look_up(Handle handle, Gpu *gpu) {
    int index = gpu_of(handle), slot = slot_of(handle);
    if ((uintptr_t)handle < 0x10000 || index >= MOST_GPUS || slot >= MOST_SLOTS) return INVALID;
    pthread_mutex_lock(&lock);
    *gpu = slot < 0 ? state.gpu[index] : state.mig[index][slot];
    int found = index < state.gpus && gpu->there;
    pthread_mutex_unlock(&lock);
    return found ? OK : slot < 0 ? INVALID : NOT_FOUND;
}

#define SYSTEM_CALL                            \
    int code = enter(__func__, ALL);           \
    if (code) return code;                     \
    if (!started) return UNINITIALIZED;

#define DEVICE_CALL                            \
    Gpu gpu;                                   \
    int code = enter(__func__, gpu_of(device)); \
    if (code) return code;                     \
    if (!started) return UNINITIALIZED;        \
    if ((code = look_up(device, &gpu))) return code;

static int give_text(const char *text, char *into, unsigned size) {
    if (strlen(text) + 1 > size) return TOO_SMALL;
    strcpy(into, text);
    return OK;
}

/* The library as a whole. */

static int memory_device = -1;

static int start(void) {
    if (__sync_add_and_fetch(&started, 1) == 1 && OPENS_MEMORY) memory_device = open_device("nvidia-uvm");
    return OK;
}

static int end(void) {
    if (!__sync_sub_and_fetch(&started, 1) && OPENS_MEMORY) close(memory_device);
    return OK;
}

EXPORT int nvmlInitWithFlags(unsigned flags) { (void)flags; int code = enter(__func__, ALL); return code ? code : start(); }
EXPORT int nvmlInit_v2(void) { int code = enter(__func__, ALL); return code ? code : start(); }
EXPORT int nvmlInit(void) { int code = enter(__func__, ALL); return code ? code : start(); }
EXPORT int nvmlShutdown(void) { SYSTEM_CALL return end(); }

EXPORT const char *nvmlErrorString(int code) {
    static const char *known[] = {"Success", "Uninitialized", "Invalid Argument", "Not Supported",
        "Insufficient Permissions", "Already Initialized", "Not Found", "Insufficient Size"};
    return code >= 0 && code < 8 ? known[code] : "Unknown Error";
}

static int give_driver(char *into, unsigned size) {
    pthread_mutex_lock(&lock);
    int code = give_text(state.driver, into, size);
    pthread_mutex_unlock(&lock);
    return code;
}

EXPORT int nvmlSystemGetDriverVersion(char *into, unsigned size) { SYSTEM_CALL return give_driver(into, size); }
EXPORT int nvmlSystemGetNVMLVersion(char *into, unsigned size) { SYSTEM_CALL return give_driver(into, size); }
EXPORT int nvmlSystemGetCudaDriverVersion(int *version) { SYSTEM_CALL *version = state.cuda; return OK; }
EXPORT int nvmlSystemGetCudaDriverVersion_v2(int *version) { SYSTEM_CALL *version = state.cuda; return OK; }

EXPORT int nvmlDeviceGetCount_v2(unsigned *count) {
    SYSTEM_CALL
    *count = (unsigned)(state.count >= 0 ? state.count : state.gpus);
    return OK;
}

/* Which device. */

static int give_handle(int index, Handle *device) {
    if (index < 0 || index >= state.gpus) return index < 0 ? NOT_FOUND : INVALID;
    if (state.gpu[index].hidden) return FORBIDDEN;
    *device = handle_of(index, ALL);
    return OK;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle *device) {
    int code = enter(__func__, (int)index);
    if (code) return code;
    if (!started) return UNINITIALIZED;
    return give_handle((int)index, device);
}

static int find(const char *text, int by_bus) {
    for (int k = 0; k < state.gpus; k++) {
        const char *own = by_bus ? state.gpu[k].bus : state.gpu[k].uuid;
        /* The domain of a bus id may have four or eight digits. */
        if (!strcasecmp(own, text) || (by_bus && strlen(own) > 4 && !strcasecmp(own + 4, text))) return k;
    }
    return ALL;
}

EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, Handle *device) {
    int index = find(bus, 1), code = enter(__func__, index);
    if (code) return code;
    if (!started) return UNINITIALIZED;
    return give_handle(find(bus, 1), device);
}

EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, Handle *device) {
    int index = find(uuid, 0), code = enter(__func__, index);
    if (code) return code;
    if (!started) return UNINITIALIZED;
    return give_handle(find(uuid, 0), device);
}

EXPORT int nvmlDeviceGetIndex(Handle device, unsigned *index) { DEVICE_CALL *index = (unsigned)gpu.index; return OK; }
EXPORT int nvmlDeviceGetMinorNumber(Handle device, unsigned *minor) { DEVICE_CALL *minor = (unsigned)gpu.index; return OK; }
EXPORT int nvmlDeviceGetName(Handle device, char *into, unsigned size) { DEVICE_CALL return give_text(gpu.name, into, size); }
EXPORT int nvmlDeviceGetUUID(Handle device, char *into, unsigned size) { DEVICE_CALL return give_text(gpu.uuid, into, size); }

EXPORT int nvmlDeviceGetPciInfo_v3(Handle device, Pci *pci) {
    DEVICE_CALL
    memset(pci, 0, sizeof *pci);
    sscanf(gpu.bus, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    snprintf(pci->text, sizeof pci->text, "%.31s", gpu.bus);
    return OK;
}

EXPORT int nvmlDeviceGetCudaComputeCapability(Handle device, int *major, int *minor) {
    DEVICE_CALL
    *major = gpu.major, *minor = gpu.minor;
    return OK;
}

/* What changes. */

EXPORT int nvmlDeviceGetMemoryInfo(Handle device, Memory1 *memory) {
    DEVICE_CALL
    if (gpu.unified) return UNSUPPORTED;
    u64 used = gpu.used + gpu.reserved; /* the first form counts what is reserved as used */
    *memory = (Memory1){gpu.total, gpu.total - used, used};
    return OK;
}

EXPORT int nvmlDeviceGetMemoryInfo_v2(Handle device, Memory2 *memory) {
    DEVICE_CALL
    if (memory->version != (sizeof *memory | 2 << 24)) return BAD_VERSION;
    if (gpu.unified) return UNSUPPORTED;
    *memory = (Memory2){memory->version, gpu.total, gpu.reserved, gpu.total - gpu.used - gpu.reserved, gpu.used};
    return OK;
}

EXPORT int nvmlDeviceGetUtilizationRates(Handle device, Utilization *utilization) {
    DEVICE_CALL
    if (gpu.mig == 1 || gpu.slot >= 0) return UNSUPPORTED;
    *utilization = (Utilization){(unsigned)gpu.utilization, (unsigned)gpu.memory_utilization};
    return OK;
}

EXPORT int nvmlDeviceGetTemperature(Handle device, unsigned sensor, unsigned *temperature) {
    DEVICE_CALL
    if (sensor) return INVALID;
    *temperature = (unsigned)gpu.temperature;
    return OK;
}

EXPORT int nvmlDeviceGetTemperatureV(Handle device, Temperature1 *temperature) {
    DEVICE_CALL
    if (temperature->version != (sizeof *temperature | 1 << 24)) return BAD_VERSION;
    temperature->temperature = gpu.temperature;
    return OK;
}

EXPORT int nvmlDeviceGetPowerUsage(Handle device, unsigned *power) { DEVICE_CALL *power = (unsigned)gpu.power; return OK; }
EXPORT int nvmlDeviceGetEnforcedPowerLimit(Handle device, unsigned *limit) { DEVICE_CALL *limit = (unsigned)gpu.limit; return OK; }
EXPORT int nvmlDeviceGetComputeMode(Handle device, int *mode) { DEVICE_CALL *mode = gpu.compute_mode; return OK; }
EXPORT int nvmlDeviceGetPersistenceMode(Handle device, int *mode) { DEVICE_CALL *mode = gpu.persistence; return OK; }
EXPORT int nvmlDeviceGetTotalEnergyConsumption(Handle device, u64 *energy) { DEVICE_CALL *energy = gpu.energy; return OK; }
EXPORT int nvmlDeviceGetCurrentClocksEventReasons(Handle device, u64 *reasons) { DEVICE_CALL *reasons = gpu.throttle; return OK; }
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(Handle device, u64 *reasons) { DEVICE_CALL *reasons = gpu.throttle; return OK; }

/* What other programs ask for, so that beside them nobody wins by a refusal. All answer at once but
 * PCIe throughput, of which nvml.h says that it counts over 20 ms; the machine may say otherwise. */

EXPORT int nvmlDeviceGetPcieThroughput(Handle device, unsigned counter, unsigned *value) {
    DEVICE_CALL
    usleep((unsigned)state.pcie);
    *value = counter;
    return OK;
}

static int give_coder(unsigned *utilization, unsigned *period) { *utilization = 0, *period = 167000; return OK; }

EXPORT int nvmlDeviceGetEncoderUtilization(Handle device, unsigned *utilization, unsigned *period) { DEVICE_CALL return give_coder(utilization, period); }
EXPORT int nvmlDeviceGetDecoderUtilization(Handle device, unsigned *utilization, unsigned *period) { DEVICE_CALL return give_coder(utilization, period); }
EXPORT int nvmlDeviceGetClockInfo(Handle device, unsigned kind, unsigned *megahertz) { DEVICE_CALL *megahertz = kind < 4 ? 345 : 0; return kind < 4 ? OK : INVALID; }
EXPORT int nvmlDeviceGetMaxClockInfo(Handle device, unsigned kind, unsigned *megahertz) { DEVICE_CALL *megahertz = kind < 4 ? 1980 : 0; return kind < 4 ? OK : INVALID; }
EXPORT int nvmlDeviceGetPowerManagementLimit(Handle device, unsigned *limit) { DEVICE_CALL *limit = (unsigned)gpu.limit; return OK; }
EXPORT int nvmlDeviceGetPerformanceState(Handle device, int *level) { DEVICE_CALL *level = 0; return OK; }
EXPORT int nvmlDeviceGetDisplayActive(Handle device, int *is) { DEVICE_CALL *is = 0; return OK; }
EXPORT int nvmlDeviceGetDisplayMode(Handle device, int *is) { DEVICE_CALL *is = 0; return OK; }

EXPORT int nvmlDeviceGetTotalEccErrors(Handle device, int kind, int since, u64 *count) {
    DEVICE_CALL
    (void)kind, (void)since;
    *count = 0;
    return OK;
}

EXPORT int nvmlDeviceGetBAR1MemoryInfo(Handle device, Memory1 *memory) {
    DEVICE_CALL
    *memory = (Memory1){gpu.total, gpu.total, 0};
    return OK;
}

/* As on a server with Linux: no fan, and no driver model. */
EXPORT int nvmlDeviceGetFanSpeed(Handle device, unsigned *percent) { DEVICE_CALL (void)percent; return UNSUPPORTED; }
EXPORT int nvmlDeviceGetDriverModel(Handle device, int *now, int *next) { DEVICE_CALL (void)now, (void)next; return UNSUPPORTED; }

typedef struct { unsigned pid; u64 microseconds; unsigned cores, memory, encoder, decoder; } ProcessSample;

/* How busy each process was; with too little room, how much is needed. */
EXPORT int nvmlDeviceGetProcessUtilization(Handle device, ProcessSample *into, unsigned *count, u64 since) {
    DEVICE_CALL
    unsigned found = 0, room = *count;
    pthread_mutex_lock(&lock);
    for (int k = 0; k < state.processes; k++) {
        if (state.process[k].gpu != gpu.index) continue;
        if (found < room && into) into[found] = (ProcessSample){state.process[k].pid, since + 1, 0, 0, 0, 0};
        found++;
    }
    pthread_mutex_unlock(&lock);
    *count = found;
    return !found ? NOT_FOUND : found > room ? TOO_SMALL : OK;
}

/* Parts of a GPU. */

EXPORT int nvmlDeviceGetMigMode(Handle device, unsigned *now, unsigned *next) {
    DEVICE_CALL
    if (gpu.mig < 0) return UNSUPPORTED;
    *now = *next = (unsigned)gpu.mig;
    return OK;
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(Handle device, unsigned *count) {
    DEVICE_CALL
    *count = gpu.mig < 0 ? 0 : MOST_SLOTS - 1;
    return OK;
}

EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(Handle device, unsigned slot, Handle *part) {
    DEVICE_CALL
    if (slot >= MOST_SLOTS) return INVALID;
    *part = handle_of(gpu.index, (int)slot);
    Gpu unused;
    return look_up(*part, &unused);
}

EXPORT int nvmlDeviceIsMigDeviceHandle(Handle device, unsigned *is) { DEVICE_CALL *is = gpu.slot >= 0; return OK; }

EXPORT int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Handle device, Handle *whole) {
    DEVICE_CALL
    *whole = handle_of(gpu.index, ALL);
    return gpu.slot >= 0 ? OK : INVALID;
}

EXPORT int nvmlDeviceGetGpuInstanceId(Handle device, unsigned *id) { DEVICE_CALL *id = (unsigned)gpu.gi; return gpu.slot >= 0 ? OK : INVALID; }
EXPORT int nvmlDeviceGetComputeInstanceId(Handle device, unsigned *id) { DEVICE_CALL *id = (unsigned)gpu.ci; return gpu.slot >= 0 ? OK : INVALID; }

EXPORT int nvmlDeviceGetAttributes_v2(Handle device, Attributes *attributes) {
    DEVICE_CALL
    memset(attributes, 0, sizeof *attributes);
    attributes->megabytes = gpu.total >> 20;
    return gpu.slot >= 0 ? OK : UNSUPPORTED;
}

/* Who uses it: the number of records is asked for with a count of 0. */

static void put(char *at, const Process *process, int bytes) {
    memset(at, 0, (size_t)bytes);
    memcpy(at, &process->pid, 4);
    memcpy(at + 8, &process->memory, 8);
    if (bytes < 24) return;
    memcpy(at + 16, &process->gi, 4);
    memcpy(at + 20, &process->ci, 4);
}

static int list(const Gpu *gpu, char kind, unsigned *count, char *into, int bytes) {
    unsigned found = 0, room = *count;
    pthread_mutex_lock(&lock);
    for (int k = 0; k < state.processes; k++) {
        const Process *process = &state.process[k];
        if (process->gpu != gpu->index || !strchr(process->kind, kind)) continue;
        if (gpu->slot >= 0 && (process->gi != gpu->gi || process->ci != gpu->ci)) continue;
        if (found < room && into) put(into + (size_t)found * (size_t)bytes, process, bytes);
        found++;
    }
    pthread_mutex_unlock(&lock);
    *count = found;
    return found > room ? TOO_SMALL : OK;
}

#define LISTS(Kind, letter)                                                                                          \
    EXPORT int nvmlDeviceGet##Kind##RunningProcesses(Handle device, unsigned *count, char *into) {                 \
        DEVICE_CALL return list(&gpu, letter, count, into, 16);                                                        \
    }                                                                                                                  \
    EXPORT int nvmlDeviceGet##Kind##RunningProcesses_v2(Handle device, unsigned *count, char *into) {              \
        DEVICE_CALL return list(&gpu, letter, count, into, 24);                                                        \
    }                                                                                                                  \
    EXPORT int nvmlDeviceGet##Kind##RunningProcesses_v3(Handle device, unsigned *count, char *into) {              \
        DEVICE_CALL return list(&gpu, letter, count, into, PROCESS_3_BYTES);                                           \
    }

LISTS(Compute, 'C')
LISTS(Graphics, 'G')
LISTS(MPSCompute, 'M')

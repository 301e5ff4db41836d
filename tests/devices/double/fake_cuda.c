/* A double of CUDA's driver library, as far as choosing devices goes.
 *
 * It reads CUDA_VISIBLE_DEVICES once, at cuInit, as the real one does: entries are taken up to
 * the first that is not valid, or not of the kind of the first (numbers, or UUIDs); numbers are
 * read like strtoul reads them; a device named twice hides all; UUIDs may be shortened as long as
 * one device fits. Numbers count in the order of CUDA_DEVICE_ORDER: the fastest first (`speed` in
 * the state), or by bus; divided GPUs come last, and each stands for its first instance. A process
 * has one instance and nothing beside it, or whole GPUs.
 *
 * Where it finds no device it is not initialised, and the next cuInit reads the variable anew.
 *
 * A child that was forked after cuInit cannot use it: every call answers "not initialised", also
 * another cuInit. From cuInit on, dev/nvidia-uvm beside the state stays open, as the driver's own
 * file does, and dev/nvidia0 stays mapped, as the registers of a GPU do.
 */
#include "state.h"

enum { OK, INVALID_VALUE, UNINITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101 };

static Gpu visible[MOST_GPUS];
static int devices = -1; /* not initialised */
static pid_t initialised_by;

static int by_bus(const void *one, const void *other) { return strcmp(((const Gpu *)one)->bus, ((const Gpu *)other)->bus); }

static int by_speed(const void *one, const void *other) {
    int more = ((const Gpu *)other)->speed - ((const Gpu *)one)->speed;
    return more ? more : by_bus(one, other);
}

static int is_part(const Gpu *device) { return device->slot != ALL; }

/* What a program computes on that is given this GPU: itself, or its first instance. */
static int usable(const Gpu *gpu, Gpu *into) {
    *into = *gpu;
    for (int slot = 0; into->mig == 1 && slot < MOST_SLOTS; slot++)
        if (state.mig[gpu->index][slot].there) *into = state.mig[gpu->index][slot];
    return into->mig != 1;
}

static int at_number(const char *entry, const Gpu *all, int count, Gpu *into) {
    char *end;
    unsigned long index = strtoul(entry, &end, 10), next = 0;
    if (end == entry) return 0;
    for (int divided = 0; divided < 2; divided++)
        for (int k = 0; k < count; k++)
            if ((all[k].mig == 1) == divided && usable(&all[k], into) && next++ == index) return 1;
    return 0;
}

static int begins(const char *uuid, const char *entry, size_t size) { return !strncmp(uuid, entry, size); }

/* Where the digits end; NULL where there are none, or too many. */
static const char *instance_number(const char *digits, int *number) {
    size_t size = strspn(digits, "0123456789");
    if (size < 1 || size > 9) return NULL;
    *number = atoi(digits);
    return digits + size;
}

/* MIG-GPU-…/1/0: the numbers of the instances in a GPU. */
static int at_instance(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    const char *slash = memchr(entry, '/', size), *second;
    int found = 0, gi, ci;
    if (!slash || !(second = instance_number(slash + 1, &gi)) || *second != '/') return 0;
    if (instance_number(second + 1, &ci) != entry + size) return 0;
    for (int k = 0; k < count; k++)
        for (int slot = 0; slot < MOST_SLOTS; slot++) {
            const Gpu *part = &state.mig[all[k].index][slot];
            if (!part->there || !begins(all[k].uuid, entry + 4, (size_t)(slash - entry) - 4)) continue;
            if (part->gi == gi && part->ci == ci) *into = *part, found++;
        }
    return found == 1;
}

static int at_uuid(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    int found = 0, whole = 0;
    for (int k = 0; k < count; k++) {
        if (begins(all[k].uuid, entry, size)) *into = all[k], found++, whole++;
        for (int slot = 0; slot < MOST_SLOTS; slot++) {
            const Gpu *part = &state.mig[all[k].index][slot];
            if (part->there && begins(part->uuid, entry, size)) *into = *part, found++;
        }
    }
    Gpu gpu = *into;
    return found == 1 && (!whole || usable(&gpu, into));
}

static int kind_of(const char *entry) { return !strncmp(entry, "GPU-", 4) ? 'G' : !strncmp(entry, "MIG-", 4) ? 'M' : '0'; }

static int at(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    if (kind_of(entry) == '0') return at_number(entry, all, count, into);
    return at_uuid(entry, size, all, count, into)
        || (!strncmp(entry, "MIG-GPU-", 8) && at_instance(entry, size, all, count, into));
}

static int seen_before(const Gpu *device) {
    for (int k = 0; k < devices; k++)
        if (!strcmp(visible[k].uuid, device->uuid)) return 1;
    return 0;
}

static void take_all(const Gpu *all, int count) {
    char each[16];
    for (int k = 0; k < count; k++) {
        snprintf(each, sizeof each, "%d", k);
        devices += at_number(each, all, count, &visible[devices]);
    }
}

static void take(const char *entry, const Gpu *all, int count) {
    int kind = kind_of(entry);
    for (Gpu device;; entry++) {
        size_t size = strcspn(entry, ",");
        if (!size || kind_of(entry) != kind || !at(entry, size, all, count, &device)) return;
        if (seen_before(&device)) {
            devices = 0;
            return;
        }
        if (devices < MOST_GPUS) visible[devices++] = device;
        entry += size;
        if (!*entry) return;
    }
}

static void choose(const Gpu *all, int count) {
    const char *entries = getenv("CUDA_VISIBLE_DEVICES");
    devices = 0;
    if (entries) take(entries, all, count);
    else take_all(all, count);
    for (int k = 0; k < devices; k++)
        if (is_part(&visible[k])) {
            visible[0] = visible[k];
            devices = 1;
        }
}

static void map_registers(void) {
    int file_number = open_device("nvidia0");
    if (file_number < 0 || ftruncate(file_number, 4096)) return;
    mmap(NULL, 4096, PROT_READ, MAP_SHARED, file_number, 0);
    close(file_number);
}

EXPORT int cuInit(unsigned flags) {
    int code = enter(__func__, ALL);
    if (code) return code;
    if (flags) return INVALID_VALUE;
    if (devices >= 0) return getpid() != initialised_by ? UNINITIALIZED : OK;
    static Gpu all[MOST_GPUS];
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int k = 0; k < state.gpus; k++)
        if (!state.gpu[k].hidden) all[count++] = state.gpu[k];
    const char *order = getenv("CUDA_DEVICE_ORDER");
    qsort(all, (size_t)count, sizeof *all, order && !strcmp(order, "PCI_BUS_ID") ? by_bus : by_speed);
    choose(all, count);
    if (devices) {
        initialised_by = getpid();
        open_device("nvidia-uvm");
        map_registers();
    } else {
        devices = -1;
    }
    pthread_mutex_unlock(&lock);
    return devices > 0 ? OK : NO_DEVICE;
}

/* For the tests alone: as in a new process. */
EXPORT void fake_begin_anew(void) { devices = -1; }

#define CALL                         \
    int code = enter(__func__, ALL); \
    if (code) return code;           \
    if (devices < 0 || getpid() != initialised_by) return UNINITIALIZED;

#define DEVICE_CALL                                               \
    CALL                                                          \
    if (device < 0 || device >= devices) return INVALID_DEVICE;

EXPORT int cuDriverGetVersion(int *version) {
    int code = enter(__func__, ALL);
    *version = state.cuda;
    return code;
}

EXPORT int cuCtxGetCurrent(void **context) { CALL *context = NULL; return OK; }
EXPORT int cuDeviceGetCount(int *count) { CALL *count = devices; return OK; }
EXPORT int cuDeviceGet(int *into, int device) { DEVICE_CALL *into = device; return OK; }

EXPORT int cuDeviceGetName(char *into, int size, int device) {
    DEVICE_CALL
    snprintf(into, (size_t)size, "%s", visible[device].name);
    return OK;
}

/* Sixteen bytes: the hexadecimal digits after the prefix. */
EXPORT int cuDeviceGetUuid_v2(unsigned char *into, int device) {
    DEVICE_CALL
    memset(into, 0, 16);
    int digits = 0;
    for (const char *c = visible[device].uuid + 4; *c && digits < 32; c++) {
        unsigned digit;
        if (*c == '-' || sscanf((char[]){*c, 0}, "%x", &digit) != 1) continue;
        into[digits / 2] |= (unsigned char)(digits % 2 ? digit : digit << 4);
        digits++;
    }
    return OK;
}

EXPORT int cuDeviceGetUuid(unsigned char *into, int device) { return cuDeviceGetUuid_v2(into, device); }

/* Programs look these up when they start; nobody shares memory here. */
EXPORT int cuIpcOpenMemHandle(void) { return INVALID_VALUE; }
EXPORT int cuIpcOpenMemHandle_v2(void) { return INVALID_VALUE; }

EXPORT int cuGetErrorName(int code, const char **name) {
    *name = code == OK ? "CUDA_SUCCESS" : code == UNINITIALIZED ? "CUDA_ERROR_NOT_INITIALIZED"
          : code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_UNKNOWN";
    return OK;
}

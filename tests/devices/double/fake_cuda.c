/* A double of CUDA's driver library, as far as choosing devices goes.
 *
 * It reads CUDA_VISIBLE_DEVICES once, at cuInit, as the real one does: entries are taken up to
 * the first that is not valid; numbers are read like strtoul reads them; a device named twice
 * hides all; UUIDs may be shortened as long as one device fits. Numbers count in the order of
 * CUDA_DEVICE_ORDER: the fastest first (`speed` in the state), or by bus.
 */
#include "state.h"

enum { OK, INVALID_VALUE, UNINITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101 };

static Gpu visible[MOST_GPUS];
static int devices = -1; /* not initialised */

static int by_bus(const void *one, const void *other) { return strcmp(((const Gpu *)one)->bus, ((const Gpu *)other)->bus); }

static int by_speed(const void *one, const void *other) {
    int more = ((const Gpu *)other)->speed - ((const Gpu *)one)->speed;
    return more ? more : by_bus(one, other);
}

/* The device that a number stands for: a GPU, or its first instance where it is divided. */
static int at_number(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    char *end;
    unsigned long index = strtoul(entry, &end, 10);
    if (end == entry || *entry == '-' || (size_t)(end - entry) > size || index >= (unsigned long)count) return 0;
    *into = all[index];
    for (int slot = 0; into->mig == 1 && slot < MOST_SLOTS; slot++)
        if (state.mig[all[index].index][slot].there) *into = state.mig[all[index].index][slot];
    return into->mig != 1;
}

static int at_uuid(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    int found = 0;
    for (int k = 0; k < count; k++) {
        if (!strncmp(all[k].uuid, entry, size)) *into = all[k], found++;
        for (int slot = 0; slot < MOST_SLOTS; slot++) {
            const Gpu *part = &state.mig[all[k].index][slot];
            if (part->there && !strncmp(part->uuid, entry, size)) *into = *part, found++;
        }
    }
    return found == 1;
}

static int at(const char *entry, size_t size, const Gpu *all, int count, Gpu *into) {
    if (size >= 4 && (!strncmp(entry, "GPU-", 4) || !strncmp(entry, "MIG-", 4)))
        return at_uuid(entry, size, all, count, into);
    return at_number(entry, size, all, count, into);
}

static int seen_before(const Gpu *device) {
    for (int k = 0; k < devices; k++)
        if (!strcmp(visible[k].uuid, device->uuid)) return 1;
    return 0;
}

static void choose(const Gpu *all, int count) {
    const char *entry = getenv("CUDA_VISIBLE_DEVICES");
    devices = 0;
    if (!entry) {
        char each[16];
        for (int k = 0; k < count; k++) {
            int size = snprintf(each, sizeof each, "%d", k);
            devices += at_number(each, (size_t)size, all, count, &visible[devices]);
        }
        return;
    }
    for (Gpu device;; entry++) {
        size_t size = strcspn(entry, ",");
        if (!size || !at(entry, size, all, count, &device)) return;
        if (seen_before(&device)) {
            devices = 0;
            return;
        }
        if (devices < MOST_GPUS) visible[devices++] = device;
        entry += size;
        if (!*entry) return;
    }
}

EXPORT int cuInit(unsigned flags) {
    int code = enter(__func__, ALL);
    if (code) return code;
    if (flags) return INVALID_VALUE;
    if (devices >= 0) return devices ? OK : NO_DEVICE;
    static Gpu all[MOST_GPUS];
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int k = 0; k < state.gpus; k++)
        if (!state.gpu[k].hidden) all[count++] = state.gpu[k];
    const char *order = getenv("CUDA_DEVICE_ORDER");
    qsort(all, (size_t)count, sizeof *all, order && !strcmp(order, "PCI_BUS_ID") ? by_bus : by_speed);
    choose(all, count);
    pthread_mutex_unlock(&lock);
    return devices ? OK : NO_DEVICE;
}

#define CALL                         \
    int code = enter(__func__, ALL); \
    if (code) return code;           \
    if (devices < 0) return UNINITIALIZED;

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

EXPORT int cuGetErrorName(int code, const char **name) {
    *name = code == OK ? "CUDA_SUCCESS" : code == UNINITIALIZED ? "CUDA_ERROR_NOT_INITIALIZED"
          : code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_UNKNOWN";
    return OK;
}

/* The machine that both doubles play: read from a text file that the tests write.
 *
 * FAKE_NVML names the file. It is mapped once and looked at in every call; when the number in
 * its first line is another one, the whole text is read again. The number is odd while the tests
 * are writing. A line is a kind and fields, such as
 *
 *     gpu index=0 uuid=GPU-1 bus=00000000:01:00.0 name=<hex> total=1024 ...
 *     mig gpu=0 slot=1 uuid=MIG-1 ...
 *     process gpu=0 pid=77 memory=1024 kind=CG gi=-1 ci=-1
 *     fault id=1 function=nvmlDeviceGetName gpu=0 code=15 hang=0 after=0 times=-1
 *
 * How often a fault was met is counted in this process, by its id.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST_GPUS 128
#define MOST_SLOTS 8
#define MOST_FAULTS 1024
#define ALL (-1)
#define TEXT 128

typedef unsigned long long u64;

typedef struct {
    int there, index, slot;
    char uuid[TEXT], bus[TEXT], name[TEXT];
    u64 total, used, reserved, energy, throttle;
    int hidden, utilization, memory_utilization, temperature, power, limit, compute_mode;
    int persistence, mig, major, minor, speed, gi, ci, unified;
} Gpu;

typedef struct {
    int gpu, gi, ci;
    unsigned pid;
    u64 memory;
    char kind[8];
} Process;

typedef struct {
    char function[TEXT];
    int id, gpu, code;
    double hang;
    long after, times;
} Fault;

typedef struct {
    char driver[TEXT];
    int cuda, count, logging, pcie, gpus, faults, processes;
    Gpu gpu[MOST_GPUS], mig[MOST_GPUS][MOST_SLOTS];
    Fault fault[MOST_FAULTS];
    Process *process;
} State;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static State state;
static char *mapped, *copied, path[4096];
static size_t length;
static u64 seen;
static long met[MOST_FAULTS];
static int log_file = -1;

/* A device file of the driver, in the folder dev beside the state. */
static __attribute__((unused)) int open_device(const char *name) {
    char folder[4200], file[4300];
    const char *last = strrchr(path, '/');
    if (!last) return -1;
    snprintf(folder, sizeof folder, "%.*s/dev", (int)(last - path), path);
    snprintf(file, sizeof file, "%s/%s", folder, name);
    mkdir(folder, 0777);
    return open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

static const char *field(const char *line, const char *name) {
    char wanted[TEXT];
    size_t size = (size_t)snprintf(wanted, sizeof wanted, " %s=", name);
    const char *found = strstr(line, wanted);
    return found ? found + size : NULL;
}

static long long number(const char *line, const char *name, long long otherwise) {
    const char *found = field(line, name);
    if (!found) return otherwise;
    return *found == '-' ? strtoll(found, NULL, 10) : (long long)strtoull(found, NULL, 10);
}

static void word(const char *line, const char *name, char *into) {
    const char *found = field(line, name);
    size_t size = found ? strcspn(found, " \n") : 0;
    if (size >= TEXT) size = TEXT - 1;
    if (found) memcpy(into, found, size);
    into[size] = 0;
}

static void bytes(const char *line, const char *name, char *into) {
    const char *found = field(line, name);
    int size = 0;
    for (unsigned byte; found && size < TEXT - 1 && sscanf(found, "%2x", &byte) == 1; found += 2)
        into[size++] = (char)byte;
    into[size] = 0;
}

static void read_gpu(const char *line, Gpu *gpu, int index, int slot) {
    memset(gpu, 0, sizeof *gpu);
    gpu->there = 1, gpu->index = index, gpu->slot = slot;
    word(line, "uuid", gpu->uuid), word(line, "bus", gpu->bus), bytes(line, "name", gpu->name);
    gpu->total = (u64)number(line, "total", 0), gpu->used = (u64)number(line, "used", 0);
    gpu->reserved = (u64)number(line, "reserved", 0), gpu->energy = (u64)number(line, "energy", 0);
    gpu->throttle = (u64)number(line, "throttle", 0);
    gpu->hidden = (int)number(line, "hidden", 0), gpu->unified = (int)number(line, "unified", 0);
    gpu->utilization = (int)number(line, "utilization", 0);
    gpu->memory_utilization = (int)number(line, "memory_utilization", 0);
    gpu->temperature = (int)number(line, "temperature", 0);
    gpu->power = (int)number(line, "power", 0), gpu->limit = (int)number(line, "limit", 0);
    gpu->compute_mode = (int)number(line, "compute_mode", 0);
    gpu->persistence = (int)number(line, "persistence", 0), gpu->mig = (int)number(line, "mig", -1);
    gpu->major = (int)number(line, "major", 0), gpu->minor = (int)number(line, "minor", 0);
    gpu->speed = (int)number(line, "speed", 0);
    gpu->gi = (int)number(line, "gi", -1), gpu->ci = (int)number(line, "ci", -1);
}

static void read_process(const char *line) {
    Process *process = &state.process[state.processes++];
    process->gpu = (int)number(line, "gpu", 0), process->pid = (unsigned)number(line, "pid", 0);
    process->memory = (u64)number(line, "memory", 0);
    process->gi = (int)number(line, "gi", -1), process->ci = (int)number(line, "ci", -1);
    char kind[TEXT];
    word(line, "kind", kind);
    snprintf(process->kind, sizeof process->kind, "%.7s", kind);
}

static void read_fault(const char *line) {
    if (state.faults == MOST_FAULTS) return;
    Fault *fault = &state.fault[state.faults++];
    word(line, "function", fault->function);
    fault->id = (int)number(line, "id", 0) % MOST_FAULTS, fault->gpu = (int)number(line, "gpu", ALL);
    fault->code = (int)number(line, "code", 0), fault->hang = (double)number(line, "hang", 0) / 1e6;
    fault->after = (long)number(line, "after", 0), fault->times = (long)number(line, "times", -1);
}

static void read_machine(const char *line) {
    word(line, "driver", state.driver);
    state.cuda = (int)number(line, "cuda", 0), state.count = (int)number(line, "count", -1);
    state.logging = (int)number(line, "log", 0), state.pcie = (int)number(line, "pcie", 20000);
}

static void read_line(const char *line) {
    int gpu = (int)number(line, "gpu", ALL), slot = (int)number(line, "slot", 0);
    if (!strncmp(line, "machine ", 8)) read_machine(line);
    if (!strncmp(line, "gpu ", 4) && state.gpus < MOST_GPUS) {
        read_gpu(line, &state.gpu[state.gpus], state.gpus, ALL);
        state.gpus++;
    }
    if (!strncmp(line, "mig ", 4) && gpu >= 0 && gpu < MOST_GPUS && slot >= 0 && slot < MOST_SLOTS)
        read_gpu(line, &state.mig[gpu][slot], gpu, slot);
    if (!strncmp(line, "process ", 8)) read_process(line);
    if (!strncmp(line, "fault ", 6)) read_fault(line);
}

static void read_all(char *text) {
    free(state.process);
    memset(&state, 0, sizeof state);
    int lines = 0;
    for (char *c = text; *c; c++) lines += *c == '\n';
    state.process = calloc((size_t)lines + 1, sizeof(Process));
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        read_line(line);
    }
}

static void map(const char *wanted) {
    if (mapped) munmap(mapped, length), free(copied);
    mapped = NULL, seen = 0;
    if (log_file >= 0) close(log_file);
    snprintf(path, sizeof path, "%s", wanted);
    memset(met, 0, sizeof met);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about)) return;
    length = (size_t)about.st_size;
    mapped = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    copied = malloc(length + 1);
    char beside[4200];
    snprintf(beside, sizeof beside, "%s.log", path);
    log_file = open(beside, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

/* The number of the state: eight digits that are read, and written, in one piece. */
static u64 stamp(void) {
    u64 digits;
    __atomic_load((u64 *)mapped, &digits, __ATOMIC_ACQUIRE);
    return digits;
}

static int being_written(u64 digits) { return ((const char *)&digits)[7] % 2; }

/* Reads the file again if it changed; the lock is held. */
static void refresh(void) {
    const char *wanted = getenv("FAKE_NVML");
    if (!wanted) wanted = "";
    if (strcmp(path, wanted)) map(wanted);
    if (!mapped) return;
    for (u64 before; (before = stamp()) != seen;) {
        if (being_written(before)) {
            usleep(50);
            continue;
        }
        size_t size = strnlen(mapped, length);
        memcpy(copied, mapped, size);
        copied[size] = 0;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (stamp() == before) read_all(copied), seen = before;
    }
}

static void note(const char *function, int gpu) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char line[256];
    int size = snprintf(line, sizeof line, "%d %s %d %lld\n", (int)getpid(), function, gpu,
                        now.tv_sec * 1000000LL + now.tv_nsec / 1000);
    if (write(log_file, line, (size_t)size) < 0) return;
}

static int concerns(const Fault *fault, const char *function, int gpu) {
    if (strcmp(fault->function, "*") && strcmp(fault->function, function)) return 0;
    return fault->gpu == ALL || fault->gpu == gpu;
}

/* The first fault that this call meets now; the others that concern it count it, too. */
static Fault *meet(const char *function, int gpu) {
    Fault *first = NULL;
    for (Fault *fault = state.fault; fault < state.fault + state.faults; fault++) {
        if (!concerns(fault, function, gpu)) continue;
        long before = met[fault->id]++ - fault->after;
        if (!first && before >= 0 && (fault->times < 0 || before < fault->times)) first = fault;
    }
    return first;
}

static int still_there(int id) {
    pthread_mutex_lock(&lock);
    refresh();
    int found = 0;
    for (int k = 0; k < state.faults; k++) found |= state.fault[k].id == id;
    pthread_mutex_unlock(&lock);
    return found;
}

/* A hang ends after its time, or as soon as the tests have taken the fault away. */
static void hang(Fault fault) {
    for (double waited = 0; waited < fault.hang && still_there(fault.id); waited += 0.005) usleep(5000);
}

/* The start of every call: the code to answer with, or 0. */
static int enter(const char *function, int gpu) {
    Fault met_now = {.code = 0};
    pthread_mutex_lock(&lock);
    refresh();
    if (state.logging && log_file >= 0) note(function, gpu);
    Fault *fault = meet(function, gpu);
    if (fault) met_now = *fault;
    pthread_mutex_unlock(&lock);
    if (met_now.hang > 0) hang(met_now);
    return met_now.code;
}

/* A stand-in for NVIDIA's management library, for testing energy meters.
 *
 * The file named by FAKE_NVML_FILE holds one `key value` a line; it is looked at
 * in each call, so that a test may change it at any time. Keys for the machine:
 *
 *   boards N           number of boards (0)
 *   now_ns T           the time; without it the monotonic clock runs
 *   zero_ns T          monotonic time that counts as zero (0)
 *   no_driver 1        initialisation fails
 *
 * Keys for board I, as `I.key value`, times in s:
 *
 *   idle_w, load_w     power without and with load (50, 200)
 *   load_from, load_to when the load is there (0, forever)
 *   load_period, duty  the load is on for the first `duty` of each period (1, 1)
 *   counter_s, power_s refresh of the counter and of the power reading (.1, .1)
 *   gain               what the sensor shows of the truth (1)
 *   reset_at, lost_at  the counter starts again; the board is lost (never)
 *   no_counter, no_instant, no_power   1: not supported
 *   module_w           power of the rest of its module, which the counter then holds
 *                      too and the scope "module" tells (no such scope)
 *   mig, virtualization                modes
 *   uuid, name, pid    identity, and a program that runs on it (0: none)
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef int nvmlReturn_t;
typedef struct { int index; } *nvmlDevice_t;
typedef struct { unsigned pid; unsigned long long mem; unsigned gi, ci; } process_t;
typedef union { double d; unsigned ui; unsigned long ul; unsigned long long ull; } value_t;
typedef struct {
    unsigned field, scope;
    long long timestamp, latency;
    int type, ret;
    value_t value;
} field_t;
typedef struct { unsigned gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;

enum { OK = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, NO_DRIVER = 9, LOST = 15 };
enum { MAX_BOARDS = 8, POWER_AVERAGE = 185, POWER_INSTANT = 186, ENERGY = 83 };
enum { MODULE = 1 };

static struct { int index; } devices[MAX_BOARDS] = {{0}, {1}, {2}, {3},
                                                    {4}, {5}, {6}, {7}};

enum { MAX_LINES = 128, WIDTH = 160 };
static char lines[MAX_LINES][WIDTH];
static int num_lines;

/* Read the file again if it is another one, or has grown or changed. */
static void refresh(void) {
    static struct stat seen;
    struct stat now;
    const char *path = getenv("FAKE_NVML_FILE");
    FILE *file;
    if (!path || stat(path, &now) != 0) {
        num_lines = 0;
        return;
    }
    if (now.st_ino == seen.st_ino && now.st_size == seen.st_size &&
        now.st_mtim.tv_sec == seen.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == seen.st_mtim.tv_nsec)
        return;
    file = fopen(path, "r");
    if (!file) return;
    for (num_lines = 0; num_lines < MAX_LINES; num_lines++) {
        if (!fgets(lines[num_lines], WIDTH, file)) break;
        lines[num_lines][strcspn(lines[num_lines], "\n")] = 0;
    }
    fclose(file);
    seen = now;
}

static int text_of(int board, const char *key, char *out, size_t size) {
    char wanted[64];
    int i, found = 0;
    if (board < 0) snprintf(wanted, sizeof wanted, "%s ", key);
    else snprintf(wanted, sizeof wanted, "%d.%s ", board, key);
    pthread_mutex_lock(&lock);
    refresh();
    for (i = 0; i < num_lines; i++) {
        if (strncmp(lines[i], wanted, strlen(wanted)) != 0) continue;
        snprintf(out, size, "%s", lines[i] + strlen(wanted));
        found = 1;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static double number(int board, const char *key, double otherwise) {
    char text[128];
    return text_of(board, key, text, sizeof text) ? strtod(text, NULL) : otherwise;
}

static double now_s(void) {
    char text[128];
    struct timespec now;
    if (text_of(-1, "now_ns", text, sizeof text)) return strtod(text, NULL) * 1e-9;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9 - number(-1, "zero_ns", 0) * 1e-9;
}

static int index_of(nvmlDevice_t device) { return device->index; }

static double loaded_s(int i, double t) {
    double from = number(i, "load_from", 0), to = number(i, "load_to", HUGE_VAL);
    double period = number(i, "load_period", 1), duty = number(i, "duty", 1);
    double since = fmin(t, to) - from, whole;
    if (since <= 0) return 0;
    whole = floor(since / period);
    return whole * duty * period + fmin(since - whole * period, duty * period);
}

static double energy_j(int i, double t) {
    double idle = number(i, "idle_w", 50), load = number(i, "load_w", 200);
    return idle * t + (load - idle) * loaded_s(i, t);
}

static double refreshed(double t, double period) {
    return period > 0 ? floor(t / period) * period : t;
}

static nvmlReturn_t state(int i) {
    return now_s() >= number(i, "lost_at", HUGE_VAL) ? LOST : OK;
}

static double counter_j(int i) {
    double t = now_s(), reset = number(i, "reset_at", HUGE_VAL);
    double seen = refreshed(t, number(i, "counter_s", .1));
    double joules = energy_j(i, seen) + number(i, "module_w", 0) * seen;
    if (t >= reset) joules -= energy_j(i, reset) + number(i, "module_w", 0) * reset;
    return fmax(0, joules) * number(i, "gain", 1);
}

static double power_w(int i) {
    double seen = refreshed(now_s(), number(i, "power_s", .1)), step = 1e-6;
    double watts = (energy_j(i, seen + step) - energy_j(i, seen)) / step;
    return watts * number(i, "gain", 1);
}

nvmlReturn_t nvmlInit_v2(void) { return number(-1, "no_driver", 0) ? NO_DRIVER : OK; }
nvmlReturn_t nvmlInit(void) { return nvmlInit_v2(); }
nvmlReturn_t nvmlInitWithFlags(unsigned flags) { (void)flags; return nvmlInit_v2(); }
nvmlReturn_t nvmlShutdown(void) { return OK; }

const char *nvmlErrorString(nvmlReturn_t code) {
    switch (code) {
    case OK: return "Success";
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case NO_DRIVER: return "Driver Not Loaded";
    case LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) {
    *count = (unsigned)number(-1, "boards", 0);
    return OK;
}
nvmlReturn_t nvmlDeviceGetCount(unsigned *count) { return nvmlDeviceGetCount_v2(count); }

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
    if (index >= (unsigned)number(-1, "boards", 0)) return NOT_FOUND;
    *device = (nvmlDevice_t)&devices[index];
    return OK;
}
nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned index, nvmlDevice_t *device) {
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index) {
    *index = (unsigned)index_of(device);
    return OK;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned size) {
    if (!text_of(index_of(device), "name", name, size))
        snprintf(name, size, "Fake board");
    return OK;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned size) {
    int i = index_of(device);
    if (!text_of(i, "uuid", uuid, size))
        snprintf(uuid, size, "GPU-%08d-0000-0000-0000-000000000000", i);
    return OK;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *wanted, nvmlDevice_t *device) {
    char uuid[96];
    int i, count = (int)number(-1, "boards", 0);
    for (i = 0; i < count; i++) {
        nvmlDeviceGetUUID((nvmlDevice_t)&devices[i], uuid, sizeof uuid);
        if (strcmp(uuid, wanted) == 0) {
            *device = (nvmlDevice_t)&devices[i];
            return OK;
        }
    }
    return NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
                                                 unsigned long long *millijoules) {
    int i = index_of(device);
    if (state(i) != OK) return LOST;
    if (number(i, "no_counter", 0)) return NOT_SUPPORTED;
    *millijoules = (unsigned long long)(counter_j(i) * 1e3 + 1e-6);
    return OK;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts) {
    int i = index_of(device);
    if (state(i) != OK) return LOST;
    if (number(i, "no_power", 0)) return NOT_SUPPORTED;
    *milliwatts = (unsigned)(power_w(i) * 1e3 + .5);
    return OK;
}

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, field_t *fields) {
    int i = index_of(device), k;
    if (state(i) != OK) return LOST;
    for (k = 0; k < count; k++) {
        int is_power = fields[k].field == POWER_INSTANT || fields[k].field == POWER_AVERAGE;
        double rest = fields[k].scope == MODULE ? number(i, "module_w", -1) : 0;
        if (rest < 0) is_power = 0;
        fields[k].ret = OK;
        fields[k].type = 1;
        if (is_power && !number(i, "no_instant", 0) && !number(i, "no_power", 0))
            fields[k].value.ui = (unsigned)((power_w(i) + rest) * 1e3 + .5);
        else if (fields[k].field == ENERGY && !number(i, "no_counter", 0)) {
            fields[k].type = 3;
            fields[k].value.ull = (unsigned long long)(counter_j(i) * 1e3 + 1e-6);
        } else
            fields[k].ret = NOT_SUPPORTED;
    }
    return OK;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *now, unsigned *later) {
    *now = *later = (unsigned)number(index_of(device), "mig", 0);
    return OK;
}

nvmlReturn_t nvmlDeviceGetVirtualizationMode(nvmlDevice_t device, unsigned *mode) {
    *mode = (unsigned)number(index_of(device), "virtualization", 0);
    return OK;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device,
                                                     unsigned *count, process_t *list) {
    unsigned pid = (unsigned)number(index_of(device), "pid", 0), room = *count;
    *count = pid ? 1 : 0;
    if (!pid) return OK;
    if (!list || !room) return INSUFFICIENT_SIZE;
    memset(list, 0, sizeof *list);
    list->pid = pid;
    return OK;
}
nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device,
                                                      unsigned *count, process_t *list) {
    (void)device, (void)list;
    *count = 0;
    return OK;
}

/* What other tools ask beside energy and power. */
nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned size) {
    snprintf(text, size, "550.00");
    return OK;
}
nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, unsigned *architecture) {
    (void)device;
    *architecture = 7; /* Ampere: the energy counter is there */
    return OK;
}
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *limit) {
    (void)device;
    *limit = 400000;
    return OK;
}
nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *limit) {
    return nvmlDeviceGetEnforcedPowerLimit(device, limit);
}
nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device,
                                                      unsigned *limit) {
    return nvmlDeviceGetEnforcedPowerLimit(device, limit);
}
nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned *t) {
    (void)device, (void)sensor;
    *t = 50;
    return OK;
}
nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, utilization_t *rates) {
    (void)device;
    rates->gpu = 100, rates->memory = 50;
    return OK;
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, memory_t *memory) {
    (void)device;
    memory->total = 80ull << 30, memory->free = 79ull << 30, memory->used = 1ull << 30;
    return OK;
}
nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, unsigned *mode) {
    (void)device;
    *mode = 0;
    return OK;
}

// Loaded before the program: sends it SIGKILL when it would write past a byte of one file, which it may write up to there.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_watched(int fd) {
    struct stat open, watched;
    const char *path = getenv("HEADCOUNT_KILLED_AT_FILE");
    return path && !fstat(fd, &open) && S_ISREG(open.st_mode) && !stat(path, &watched) && open.st_ino == watched.st_ino
        && open.st_dev == watched.st_dev;
}

static void heed(int fd, const void *bytes, size_t count, off_t at) {
    if (at < 0 || !is_watched(fd)) return;
    off_t last = atoll(getenv("HEADCOUNT_KILLED_AT_BYTE"));
    if (at + (off_t)count <= last) return;
    if (at < last) syscall(SYS_pwrite64, fd, bytes, (size_t)(last - at), at);
    for (;;) kill(getpid(), SIGKILL);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    heed(fd, bytes, count, lseek(fd, 0, SEEK_CUR));
    return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    heed(fd, bytes, count, at);
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return pwrite(fd, bytes, count, at); }

/* Writes down what a program does to the files below one folder, so that a power cut can be replayed.
 *
 * LD_PRELOAD this library with LOST_PAGES_FOLDER (an absolute path without links) and LOST_PAGES_JOURNAL (a file that
 * exists, elsewhere). Each write, truncation, creation, link, rename, unlink, new folder and sync below the folder goes
 * to the journal as one record; everything else passes untouched. Syncs below the folder are written down and answered
 * 0: what is durable is decided by the replay (lost_pages.py). A record that cannot be written ends the program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, TRUNCATE, CREATE, LINK, RENAME, UNLINK, MKDIR, SYNC_FILE, SYNC_FOLDER };

struct record {
  uint32_t kind, first, second, zero;
  uint64_t inode;
  int64_t offset;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t folder_length;
static int journal = -1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("LOST_PAGES_JOURNAL");
  folder = getenv("LOST_PAGES_FOLDER");
  if (!folder || !path) return;
  folder_length = strlen(folder);
  journal = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
  if (journal >= 0) { /* out of the way of programs that count on low numbers, and of those that close them */
    int high = fcntl(journal, F_DUPFD_CLOEXEC, 900);
    if (high >= 0) { syscall(SYS_close, journal); journal = high; }
  }
}

static void note(enum kind kind, uint64_t inode, int64_t offset, const void *first, size_t n1, const void *second, size_t n2) {
  struct record head = {kind, (uint32_t)n1, (uint32_t)n2, 0, inode, offset};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)first, n1}, {(void *)second, n2}};
  ssize_t wanted = (ssize_t)(sizeof head + n1 + n2);
  if (syscall(SYS_writev, journal, parts, 3) != wanted) abort();
}

static int below(const char *path) {
  return journal >= 0 && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

static int fd_path(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return 1;
}

/* The inode of an open file below the folder, else 0. */
static uint64_t watched(int fd, mode_t type) {
  char path[PATH_MAX];
  struct stat st;
  int kept = errno;
  uint64_t inode = 0;
  if (journal >= 0 && fd_path(fd, path) && below(path) && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type)
    inode = st.st_ino;
  errno = kept;
  return inode;
}

/* The absolute path of (dirfd, path), its folder freed of links; 0 where it is not below the folder. */
static int resolve(int dirfd, const char *path, char *out) {
  char whole[PATH_MAX * 2], parent[PATH_MAX];
  int kept = errno, found = 0;
  if (journal < 0 || !path) return 0;
  if (path[0] == '/') snprintf(whole, sizeof whole, "%s", path);
  else {
    if (dirfd == AT_FDCWD) { if (!getcwd(parent, sizeof parent)) return 0; }
    else if (!fd_path(dirfd, parent)) return 0;
    snprintf(whole, sizeof whole, "%s/%s", parent, path);
  }
  char *name = strrchr(whole, '/');
  *name++ = 0;
  if (realpath(whole[0] ? whole : "/", parent))
    found = snprintf(out, PATH_MAX, "%s/%s", parent, name) < PATH_MAX && below(out);
  errno = kept;
  return found;
}

static uint64_t inode_of(const char *path) {
  struct stat st;
  int kept = errno;
  uint64_t inode = lstat(path, &st) == 0 ? st.st_ino : 0;
  errno = kept;
  return inode;
}

static int opened(int dirfd, const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_DIRECTORY) || !resolve(dirfd, path, whole))
    return (int)syscall(SYS_openat, dirfd, path, flags, mode);
  pthread_mutex_lock(&turn);
  uint64_t before = inode_of(whole);
  int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
  if (fd >= 0 && !before) note(CREATE, inode_of(whole), 0, whole, strlen(whole), 0, 0);
  else if (fd >= 0 && (flags & O_TRUNC)) note(TRUNCATE, before, 0, 0, 0, 0, 0);
  pthread_mutex_unlock(&turn);
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int dirfd, const char *path, int flags, ...) { MODE(flags) return opened(dirfd, path, flags, mode); }
int openat64(int dirfd, const char *path, int flags, ...) { MODE(flags) return opened(dirfd, path, flags, mode); }

ssize_t write(int fd, const void *data, size_t size) {
  uint64_t inode = watched(fd, S_IFREG);
  if (!inode) return syscall(SYS_write, fd, data, size);
  pthread_mutex_lock(&turn);
  ssize_t done = syscall(SYS_write, fd, data, size);
  if (done > 0) note(WRITE, inode, lseek(fd, 0, SEEK_CUR) - done, data, (size_t)done, 0, 0);
  pthread_mutex_unlock(&turn);
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!watched(fd, S_IFREG)) return syscall(SYS_writev, fd, parts, count);
  ssize_t sum = 0;
  for (int i = 0; i < count; i++) {
    ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
    if (done < 0) return sum ? sum : done;
    sum += done;
    if ((size_t)done < parts[i].iov_len) break;
  }
  return sum;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  uint64_t inode = watched(fd, S_IFREG);
  if (!inode) return syscall(SYS_pwrite64, fd, data, size, offset);
  pthread_mutex_lock(&turn);
  ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
  if (done > 0) note(WRITE, inode, offset, data, (size_t)done, 0, 0);
  pthread_mutex_unlock(&turn);
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

int ftruncate64(int fd, off64_t size) {
  uint64_t inode = watched(fd, S_IFREG);
  if (!inode) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&turn);
  int failed = (int)syscall(SYS_ftruncate, fd, size);
  if (!failed) note(TRUNCATE, inode, size, 0, 0, 0, 0);
  pthread_mutex_unlock(&turn);
  return failed;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(int fd, long call) {
  char path[PATH_MAX];
  uint64_t inode = watched(fd, S_IFREG);
  if (!inode && !watched(fd, S_IFDIR)) return (int)syscall(call, fd);
  pthread_mutex_lock(&turn);
  if (inode) note(SYNC_FILE, inode, 0, 0, 0, 0, 0);
  else if (fd_path(fd, path)) note(SYNC_FOLDER, 0, 0, path, strlen(path), 0, 0);
  pthread_mutex_unlock(&turn);
  return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int two(enum kind kind, int d1, const char *from, int d2, const char *to, long call, int flags) {
  char old[PATH_MAX], new[PATH_MAX];
  int a = resolve(d1, from, old), b = resolve(d2, to, new);
  if (!a && !b) return (int)syscall(call, d1, from, d2, to, flags);
  pthread_mutex_lock(&turn);
  uint64_t inode = inode_of(old);
  int failed = (int)syscall(call, d1, from, d2, to, flags);
  if (!failed) note(kind, inode, 0, old, strlen(old), new, strlen(new));
  pthread_mutex_unlock(&turn);
  return failed;
}
int rename(const char *a, const char *b) { return two(RENAME, AT_FDCWD, a, AT_FDCWD, b, SYS_renameat2, 0); }
int renameat(int d, const char *a, int e, const char *b) { return two(RENAME, d, a, e, b, SYS_renameat2, 0); }
int renameat2(int d, const char *a, int e, const char *b, unsigned f) { return two(RENAME, d, a, e, b, SYS_renameat2, (int)f); }
int link(const char *a, const char *b) { return two(LINK, AT_FDCWD, a, AT_FDCWD, b, SYS_linkat, 0); }
int linkat(int d, const char *a, int e, const char *b, int f) { return two(LINK, d, a, e, b, SYS_linkat, f); }

static int one(enum kind kind, int dirfd, const char *path, long call, long argument) {
  char whole[PATH_MAX];
  if (!resolve(dirfd, path, whole)) return (int)syscall(call, dirfd, path, argument);
  pthread_mutex_lock(&turn);
  int failed = (int)syscall(call, dirfd, path, argument);
  if (!failed) note(kind, 0, 0, whole, strlen(whole), 0, 0);
  pthread_mutex_unlock(&turn);
  return failed;
}
int unlink(const char *path) { return one(UNLINK, AT_FDCWD, path, SYS_unlinkat, 0); }
int unlinkat(int d, const char *path, int flags) { return one(UNLINK, d, path, SYS_unlinkat, flags); }
int rmdir(const char *path) { return one(UNLINK, AT_FDCWD, path, SYS_unlinkat, AT_REMOVEDIR); }
int mkdir(const char *path, mode_t mode) { return one(MKDIR, AT_FDCWD, path, SYS_mkdirat, mode); }
int mkdirat(int d, const char *path, mode_t mode) { return one(MKDIR, d, path, SYS_mkdirat, mode); }

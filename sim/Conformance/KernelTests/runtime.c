/*
 * What a generated test has below its tables: system calls with the results that scenarios know, threads that begin their calls in a
 * given order, and a count of what came of it. Best effort: user space can say which call begins first, and not what happens in it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <linux/fscrypt.h>

#define TEXT_MAX 160
#define WAIT_MAX_NS 100000000L	/* for a call that another kernel does not let begin or end */
#define PAGE 4096

struct key {
	const char *name;
	unsigned int size;
	unsigned char raw[64];
	unsigned char identifier[16];
	unsigned char descriptor[8];
};

struct run {
	int dir;			/* the directory that paths begin at */
	atomic_int *files;		/* descriptors, -1 for none */
	char **maps;
	char (*registers)[TEXT_MAX];
	atomic_int *begun;		/* calls of each thread */
	atomic_int *ended;
	unsigned int scale_ns;		/* how long a call is put off at most */
};

static _Thread_local unsigned int draws;
static _Thread_local long user;

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* The raw system call: libc's would change all threads. By way of root, whose the thread is. */
static void become(long uid)
{
	if (uid == user)
		return;
	if (user != 0)
		syscall(SYS_setresuid, -1L, 0L, -1L);
	if (uid != 0)
		syscall(SYS_setresuid, -1L, uid, -1L);
	user = uid;
}

/* A call begins when those before it in the trace have begun, and those that were over in it are over. */
static void before(struct run *r, int self, int threads, const int *begun, const int *ended)
{
	long since = now_ns(), until;

	for (int i = 0; i < threads; i++) {
		while (atomic_load(&r->begun[i]) < begun[i] || atomic_load(&r->ended[i]) < ended[i]) {
			if (now_ns() - since > WAIT_MAX_NS)
				break;
			sched_yield();
		}
	}
	atomic_fetch_add(&r->begun[self], 1);
	until = now_ns() + (r->scale_ns ? rand_r(&draws) % r->scale_ns : 0);
	while (now_ns() < until)
		;
}

static void after(struct run *r, int self)
{
	atomic_fetch_add(&r->ended[self], 1);
}

static void put(char *out, long result)
{
	static const struct { int number; const char *name; } names[] = {
		{ EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { EIO, "EIO" }, { EBADF, "EBADF" }, { EAGAIN, "EAGAIN" }, { ENOMEM, "ENOMEM" },
		{ EACCES, "EACCES" }, { EFAULT, "EFAULT" }, { EBUSY, "EBUSY" }, { EEXIST, "EEXIST" }, { EXDEV, "EXDEV" },
		{ ENOTDIR, "ENOTDIR" }, { EISDIR, "EISDIR" }, { EINVAL, "EINVAL" }, { ENOSPC, "ENOSPC" }, { ENOTTY, "ENOTTY" },
		{ EMLINK, "EMLINK" }, { ENAMETOOLONG, "ENAMETOOLONG" }, { ENOTEMPTY, "ENOTEMPTY" }, { ELOOP, "ELOOP" }, { ENODATA, "ENODATA" },
		{ EOVERFLOW, "EOVERFLOW" }, { EOPNOTSUPP, "EOPNOTSUPP" }, { ENOKEY, "ENOKEY" }, { EDQUOT, "EDQUOT" }, { EROFS, "EROFS" },
		{ ESTALE, "ESTALE" }, { EUCLEAN, "EUCLEAN" }, { ENOPKG, "ENOPKG" }, { EKEYREJECTED, "EKEYREJECTED" },
	};

	if (result >= 0) {
		strcpy(out, "OK");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == errno) {
			strcpy(out, names[i].name);
			return;
		}
	}
	snprintf(out, TEXT_MAX, "E%d", errno);
}

static void put_data(char *out, const char *data, long length)
{
	long at = 0;

	if (length < 0) {
		put(out, -1);
		return;
	}
	/* A text ends where its last byte that is not zero is, as the recorded ones do; zeros between are shown. */
	for (long i = 0; i < length && at < TEXT_MAX - 3; i++) {
		if (data[i] == 0) {
			out[at++] = '\\';
			out[at++] = '0';
		} else {
			out[at++] = data[i];
		}
	}
	out[at] = 0;
}

static inline void specify(struct fscrypt_key_specifier *s, const struct key *k, int v1)
{
	s->type = v1 ? FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR : FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	if (v1)
		memcpy(s->u.descriptor, k->descriptor, 8);
	else
		memcpy(s->u.identifier, k->identifier, 16);
}

static inline int root_of(struct run *r)
{
	return openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void do_add_key(struct run *r, char *out, const struct key *k, int v1)
{
	struct { struct fscrypt_add_key_arg head; unsigned char raw[64]; } a;
	int fd = root_of(r);

	memset(&a, 0, sizeof(a));
	a.head.key_spec.type = v1 ? FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR : FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	if (v1)
		specify(&a.head.key_spec, k, 1);
	a.head.raw_size = k->size;
	memcpy(a.raw, k->raw, k->size);
	put(out, fd < 0 ? fd : ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &a));
	close(fd);
}

static inline void do_rm_key(struct run *r, char *out, const struct key *k, int v1, int all)
{
	struct fscrypt_remove_key_arg a;
	int fd = root_of(r);

	memset(&a, 0, sizeof(a));
	specify(&a.key_spec, k, v1);
	put(out, fd < 0 ? fd : ioctl(fd, all ? FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS : FS_IOC_REMOVE_ENCRYPTION_KEY, &a));
	if (!strcmp(out, "OK") && a.removal_status_flags)
		strcpy(out, a.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY ? "OK[FILES_BUSY]" : "OK[OTHER_USERS]");
	close(fd);
}

static inline void do_status(struct run *r, char *out, const struct key *k, int v1)
{
	struct fscrypt_get_key_status_arg a;
	int fd = root_of(r);

	memset(&a, 0, sizeof(a));
	specify(&a.key_spec, k, v1);
	put(out, fd < 0 ? fd : ioctl(fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &a));
	if (!strcmp(out, "OK")) {
		if (a.status == FSCRYPT_KEY_STATUS_PRESENT)
			snprintf(out, TEXT_MAX, "PRESENT[users=%u%s]", a.user_count,
				 a.status_flags & FSCRYPT_KEY_STATUS_FLAG_ADDED_BY_SELF ? ",self" : "");
		else
			strcpy(out, a.status == FSCRYPT_KEY_STATUS_ABSENT ? "ABSENT" : "INCOMPLETELY_REMOVED");
	}
	close(fd);
}

static inline void do_set_policy(struct run *r, char *out, int dir, const char *path, const struct key *k, int v1, int contents, int names, int flags)
{
	struct fscrypt_policy_v2 v2 = { .version = FSCRYPT_POLICY_V2, .contents_encryption_mode = contents, .filenames_encryption_mode = names, .flags = flags };
	struct fscrypt_policy_v1 old = { .version = FSCRYPT_POLICY_V1, .contents_encryption_mode = contents, .filenames_encryption_mode = names, .flags = flags };
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	(void)r;
	memcpy(v2.master_key_identifier, k->identifier, 16);
	memcpy(old.master_key_descriptor, k->descriptor, 8);
	put(out, fd < 0 ? fd : ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, v1 ? (void *)&old : (void *)&v2));
	close(fd);
}

static inline void do_create(char *out, int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	put(out, fd < 0 ? fd : pwrite(fd, text, strlen(text), 0));
	close(fd);
}

static inline void do_append(char *out, int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_APPEND | O_CLOEXEC);

	put(out, fd < 0 ? fd : write(fd, text, strlen(text)));
	close(fd);
}

static inline void do_cat(char *out, int dir, const char *path)
{
	char data[TEXT_MAX / 2];
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	put_data(out, data, fd < 0 ? fd : pread(fd, data, sizeof(data) - 2, 0));
	close(fd);
}

static inline void do_open(struct run *r, char *out, int file, int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC, 0666);

	put(out, fd);
	if (fd >= 0) {
		/* A number that is not given away again: who comes too late finds nothing, and not another file. */
		atomic_store(&r->files[file], fcntl(fd, F_DUPFD_CLOEXEC, 600 + file));
		close(fd);
	}
}

static inline void do_close(struct run *r, char *out, int file)
{
	put(out, close(atomic_exchange(&r->files[file], -1)));
}

static inline void do_read(struct run *r, char *out, int file, long length, long offset)
{
	char data[TEXT_MAX / 2];

	put_data(out, data, pread(atomic_load(&r->files[file]), data, length < (long)sizeof(data) - 2 ? length : (long)sizeof(data) - 2, offset));
}

static inline void do_write(struct run *r, char *out, int file, const char *text, long offset)
{
	put(out, pwrite(atomic_load(&r->files[file]), text, strlen(text), offset));
}

static inline void do_readlink(char *out, int dir, const char *path, const char *target)
{
	char data[PAGE];
	long length = readlinkat(dir, path, data, sizeof(data) - 1);

	if (length < 0) {
		put(out, -1);
		return;
	}
	data[length] = 0;
	strcpy(out, strcmp(data, target) ? "ciphertext" : target);
}

static inline void do_ls(char *out, int dir, const char *path)
{
	char data[PAGE];
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long length = fd;

	while (length >= 0 && (length = syscall(SYS_getdents64, fd, data, sizeof(data))) > 0)
		;
	put(out, length);
	close(fd);
}

static inline void do_lstat(char *out, int dir, const char *path, int flags)
{
	struct stat s;

	put(out, fstatat(dir, path, &s, flags));
}

static inline void do_truncate(char *out, int dir, const char *path, long size)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	put(out, fd < 0 ? fd : ftruncate(fd, size));
	close(fd);
}

static inline void do_mmap(struct run *r, char *out, int map, int file, int writable, int private)
{
	char *at = mmap(NULL, PAGE, PROT_READ | (writable ? PROT_WRITE : 0), private ? MAP_PRIVATE : MAP_SHARED, atomic_load(&r->files[file]), 0);

	put(out, at == MAP_FAILED ? -1 : 0);
	if (at != MAP_FAILED)
		r->maps[map] = at;
}

/* Through a pipe: a fault is an error there, and no signal. */
static inline void do_mread(struct run *r, char *out, int map)
{
	char data[16];
	int ends[2];
	long length;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		put(out, -1);
		return;
	}
	length = write(ends[1], r->maps[map], sizeof(data));
	if (length > 0)
		length = read(ends[0], data, length);
	put_data(out, data, length);
	close(ends[0]);
	close(ends[1]);
}

static inline void do_mwrite(struct run *r, char *out, int map, const char *text)
{
	int ends[2];
	long length;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		put(out, -1);
		return;
	}
	length = write(ends[1], text, strlen(text));
	if (length > 0)
		length = read(ends[0], r->maps[map], length);
	put(out, length);
	close(ends[0]);
	close(ends[1]);
}

static inline void do_munmap(struct run *r, char *out, int map)
{
	put(out, munmap(r->maps[map], PAGE));
	r->maps[map] = NULL;
}

static inline void do_drop_caches(char *out, const char *what)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	put(out, fd < 0 ? fd : write(fd, what, strlen(what)));
	close(fd);
}

/* A set-up that comes to something else is about something else. */
static inline void need(const char *out, const char *what)
{
	if (strncmp(out, "OK", 2)) {
		fprintf(stderr, "the set-up's '%s' gives %s\n", what, out);
		exit(2);
	}
}


/* From here on it is the same in every test. */
#define OUTCOMES_MAX 256

struct racer {
	struct run *run;
	int self;
	unsigned int seed;
};

static pthread_barrier_t barrier;

static void *race(void *argument)
{
	struct racer *racer = argument;

	user = 0;
	draws = racer->seed;
	pthread_barrier_wait(&barrier);
	threads[racer->self](racer->run);
	become(0);
	return NULL;
}

static int is_wanted(char (*registers)[TEXT_MAX])
{
	for (int i = 0; i < REGISTERS; i++) {
		if (wanted[i] && strcmp(wanted[i], registers[i]))
			return 0;
	}
	return HAS_WANTED;
}

static void one_round(const char *mount, long round, char (*registers)[TEXT_MAX])
{
	static const unsigned int scales[] = { 0, 1000, 3000, 10000, 30000, 100000, 300000, 1000000 };
	atomic_int files[FILES + 1], begun[THREADS + 1] = { 0 }, ended[THREADS + 1] = { 0 };
	char *maps[MAPS + 1] = { NULL }, path[4096];
	pthread_t running[THREADS + 1];
	struct racer racers[THREADS + 1];
	struct run run = { .files = files, .maps = maps, .registers = registers, .begun = begun, .ended = ended };

	for (int i = 0; i < FILES; i++)
		files[i] = -1;
	for (int i = 0; i < REGISTERS; i++)
		strcpy(registers[i], "-");
	snprintf(path, sizeof(path), "%s/r%ld", mount, round);
	if (mkdir(path, 0777) || chmod(path, 0777) || (run.dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
		perror(path);
		exit(2);
	}
	setup(&run);
	become(0);
	run.scale_ns = scales[round % (sizeof(scales) / sizeof(scales[0]))];
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .run = &run, .self = i, .seed = round * 64 + i };
		if (pthread_create(&running[i], NULL, race, &racers[i])) {
			perror("pthread_create");
			exit(2);
		}
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(running[i], NULL);
	pthread_barrier_destroy(&barrier);
	finish(&run);
	become(0);
	for (int i = 0; i < MAPS; i++) {
		if (maps[i])
			munmap(maps[i], PAGE);
	}
	for (int i = 0; i < FILES; i++) {
		if (files[i] >= 0)
			close(files[i]);
	}
	forget(&run);
	close(run.dir);
}

int main(int argc, char **argv)
{
	static struct { char text[(REGISTERS + 1) * (TEXT_MAX + 64)]; long count; int wanted; } outcomes[OUTCOMES_MAX];
	static char registers[REGISTERS + 1][TEXT_MAX];
	long rounds = argc > 2 ? atol(argv[2]) : 2000, seen = 0;
	int known = 0;

	if (argc < 2 || rounds < 1) {
		fprintf(stderr, "usage: %s MOUNT-POINT [ROUNDS]: races as root in new directories there\n", argv[0]);
		return 2;
	}
	umask(022);
	for (long round = 0; round < rounds; round++) {
		char text[sizeof(outcomes[0].text)];
		size_t at = 0;
		int i;

		one_round(argv[1], round, registers);
		text[0] = 0;
		for (i = 0; i < REGISTERS; i++)
			at += snprintf(text + at, sizeof(text) - at, "%s%s=%s", i ? " " : "", names[i], registers[i]);
		seen += is_wanted(registers);
		for (i = 0; i < known && strcmp(outcomes[i].text, text); i++)
			;
		if (i == known && known < OUTCOMES_MAX) {
			strcpy(outcomes[known].text, text);
			outcomes[known++].wanted = is_wanted(registers);
		}
		if (i < OUTCOMES_MAX)
			outcomes[i].count++;
	}
	for (int i = 0; i < known; i++)
		printf("%9ld  %s%s\n", outcomes[i].count, outcomes[i].text, outcomes[i].wanted ? "   <- the trace's" : "");
	if (HAS_WANTED)
		printf("the outcome of the trace came in %ld of %ld rounds\n", seen, rounds);
	else
		printf("the trace ends before it has an outcome: the kernel's log says whether it came\n");
	return seen ? 1 : 0;
}

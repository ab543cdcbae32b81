// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds a fuzz target each file named, or found in a folder named; built without libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int replayed;

static bool replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1); /* exact, for ASan */
	bool is_read = f && data && fread(data, 1, size, f) == size;

	if (is_read) {
		(void)LLVMFuzzerTestOneInput(data, size);
		replayed++;
	} else {
		perror(path);
	}
	if (f)
		(void)fclose(f);
	free(data);
	return is_read;
}

static bool replay_path(const char *path);

static bool replay_folder(const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);
	bool is_fine = count >= 0;

	for (int i = 0; i < count; i++) {
		char inner[PATH_MAX];

		(void)snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			is_fine &= replay_path(inner);
		free(entries[i]);
	}
	free(entries);
	return is_fine;
}

static bool replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		return false;
	}
	return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	bool is_fine = true;

	for (int i = 1; i < argc; i++)
		is_fine &= replay_path(argv[i]);
	printf("%d inputs\n", replayed);
	return is_fine && replayed > 0 ? 0 : 1;
}

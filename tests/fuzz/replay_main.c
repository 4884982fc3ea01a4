/* Feeds a fuzz target with the files named on the command line: a corpus as a plain test. A failed
 * check aborts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
    enum { MAX = 1 << 20 };
    uint8_t *data = malloc(MAX), *exact;
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f || !data) {
        perror(path);
        exit(1);
    }
    n = fread(data, 1, MAX, f);
    if (ferror(f) || n == MAX) {
        fprintf(stderr, "%s: cannot read, or too large\n", path);
        exit(1);
    }
    fclose(f);
    /* Of the right size, so that a sanitizer sees a read behind the end. */
    exact = realloc(data, n > 0 ? n : 1);
    n = LLVMFuzzerTestOneInput(exact, n) == 0;
    free(exact);
    return n ? 0 : 1;
}

int
main(int argc, char **argv)
{
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        int rc = replay(argv[i]);

        printf("%s %d - %s\n", rc == 0 ? "ok" : "not ok", i, argv[i]);
        fflush(stdout);
        if (rc)
            return 1;
    }
    return argc > 1 ? 0 : 1;
}

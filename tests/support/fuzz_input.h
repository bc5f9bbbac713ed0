/* Bytes of a fuzzer as files, for parsers that read by a path. */
#ifndef COVERLINE_TESTS_SUPPORT_FUZZ_INPUT_H
#define COVERLINE_TESTS_SUPPORT_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls these: once before all inputs, where it is there, and for each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum fuzz_file { FUZZ_INPUT, FUZZ_COMPANION, FUZZ_FILES };

/* The path of a file in memory that holds the bytes, until the next call for the same one writes it anew. */
const char *fuzz_file(enum fuzz_file which, const void *bytes, size_t n);

#endif

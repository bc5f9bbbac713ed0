/* Weights, photos, headlines and fonts that others published, for tests to try things on: files of the folder that the
 * environment names as COVERLINE_SAMPLES. */
#ifndef COVERLINE_TESTS_SUPPORT_SAMPLES_H
#define COVERLINE_TESTS_SUPPORT_SAMPLES_H

/* The path of a file in that folder; an absolute name, as of the system's fonts, is its own. NULL, and a line of output that says
 * why, where there is none. Owned here, and good until 16 others have been asked for. */
const char *sample_path(const char *name);
/* The same, but the test is skipped where there is none: for use before it holds anything. */
const char *sample_or_skip(const char *name);

#endif

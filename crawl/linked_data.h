/* JSON-LD: the pictures of the articles that a script describes. */
#ifndef COVERLINE_CRAWL_LINKED_DATA_H
#define COVERLINE_CRAWL_LINKED_DATA_H

#include <stddef.h>

typedef void linked_data_image_fn(void *context, const char *url);

/* Calls found for each image of a NewsArticle or its kin, in order: a string, an ImageObject (url, contentUrl), an array of
 * these, or a reference to another object ("@id"); at the top, in an array, or in @graph. Bytes that are no JSON give
 * nothing. Control characters and the comment marks around a script are passed over, as on real pages. */
void linked_data_images(const char *json, size_t n, linked_data_image_fn *found, void *context);

#endif

/* Files of torch.save(state_dict), as PyTorch weights are published; the pickle in them: torch_dict.h.
 *
 * Since PyTorch 1.6, a zip archive: NAME/data.pkl, the state dict; NAME/data/KEY, each storage, uncompressed; NAME/byteorder,
 * "little", since 2.1. Entries are read through libzip, which holds them against their checksums.
 *
 * Before, five pickles (a magic number, the protocol 1001, sizes of C types, the state dict, the storages' keys), then for
 * each key a 64-bit count of elements and the elements, little-endian. */
#ifndef COVERLINE_MODEL_ENCODERS_TORCH_FILE_H
#define COVERLINE_MODEL_ENCODERS_TORCH_FILE_H

#include "model/encoders/weights_format.h"

#define TORCH_ARCHIVE_ENTRIES_MAX 200000
#define TORCH_INFLATED_MAX        ((uint64_t)4 << 30) /* bytes of a storage that somebody compressed */

extern const struct weights_format torch_zip_format;
extern const struct weights_format torch_legacy_format;

#endif

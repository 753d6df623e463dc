/* SPDX-License-Identifier: Apache-2.0 */
/* Files of packs: shown, written, copied. No path leads out of the pack. */
#ifndef FULMAR_API_PACK_FILES_H
#define FULMAR_API_PACK_FILES_H

#include "api-internal.h"

#define PACK_FILE_SHOWN_MAX 500000 /* bytes of a file that is shown */

/* Answer with a file of a pack: its bytes, a guessed Content-Type, ETag and Last-Modified; 304, 400, 404. */
void pack_file_answer(struct api *api, struct http_request *request, const char *pack, const char *path);
/* [{file_path, content}] of the files a pack's document lists, without binary and large ones. Owned. */
value pack_files_content(value pack);

/* In the worker pool. -EINVAL: the request is wrong (400); others: the disk refused. */
int pack_files_write(struct api *api, const char *pack, value files, struct error *err);
int pack_files_remove_action(struct api *api, value action, struct error *err);
int pack_files_clone_action(struct api *api, value source, value copy, struct error *err);

#endif

/* Makes frames of zstd. */
#include "io/detail/pack.h"

#include "core/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

struct detail_packer {
	ZSTD_CCtx *context;
	char *frame;
	size_t capacity;
};

struct detail_packer *detail_packer_new(void)
{
	struct detail_packer *packer = xcalloc(1, sizeof(*packer));

	packer->context = ZSTD_createCCtx();
	if (packer->context &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1)))
		return packer;
	detail_packer_free(packer);
	return NULL;
}

void detail_packer_free(struct detail_packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCCtx(packer->context);
	free(packer->frame);
	free(packer);
}

int detail_pack(struct detail_packer *packer, const char *bytes, size_t len, const char **frame,
                size_t *frame_len)
{
	size_t n;

	packer->frame = array_reserve(packer->frame, &packer->capacity, ZSTD_compressBound(len), 1);
	n = ZSTD_compress2(packer->context, packer->frame, packer->capacity, bytes, len);
	if (ZSTD_isError(n)) /* there is room: memory is what it can want */
		return -ENOMEM;
	*frame = packer->frame;
	*frame_len = n;
	return 0;
}

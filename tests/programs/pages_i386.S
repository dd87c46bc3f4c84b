# A 32-bit program without libraries that maps 1 MB, gives half of it back, moves the rest into 2 MB, and raises its
# break by 64 KB.
	.globl _start
	.type _start, @function
_start:
	mov $192, %eax			# mmap2
	xor %ebx, %ebx
	mov $0x100000, %ecx
	mov $3, %edx			# PROT_READ | PROT_WRITE
	mov $0x22, %esi			# MAP_PRIVATE | MAP_ANONYMOUS
	mov $-1, %edi
	xor %ebp, %ebp
	int $0x80
	mov %eax, %ebx
	add $0x80000, %ebx
	push %eax
	mov $91, %eax			# munmap
	mov $0x80000, %ecx
	int $0x80
	mov $163, %eax			# mremap
	pop %ebx
	mov $0x80000, %ecx
	mov $0x200000, %edx
	mov $1, %esi			# MREMAP_MAYMOVE
	int $0x80
	mov $45, %eax			# brk
	xor %ebx, %ebx
	int $0x80
	mov %eax, %ebx
	add $0x10000, %ebx
	mov $45, %eax
	int $0x80
	mov $1, %eax			# exit
	xor %ebx, %ebx
	int $0x80

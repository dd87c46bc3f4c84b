# A 32-bit program without libraries that waits for a signal.
	.globl _start
	.type _start, @function
_start:
	mov $29, %eax			# pause; of 64-bit programs it is shmget
	int $0x80
	mov $1, %eax			# exit
	xor %ebx, %ebx
	int $0x80
	.size _start, . - _start
	.section .note.GNU-stack, "", @progbits

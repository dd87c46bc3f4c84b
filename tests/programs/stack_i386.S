# A 32-bit program without libraries that counts down for about 0.1 s.
	.globl _start
	.type _start, @function
_start:
	mov $200000000, %ecx
1:	loop 1b
	mov $1, %eax
	xor %ebx, %ebx
	int $0x80

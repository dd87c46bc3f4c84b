// Every operator new and delete, with C's family beside them; prints what it has done: allocations, frees, bytes. With an
// argument it also asks for what cannot be; what is thrown then is the runtime's, and not in its counts.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

static unsigned long allocations, frees, bytes;
static void *volatile sink;

static void *made(void *block, std::size_t size)
{
	if (!block)
		abort();
	allocations++;
	bytes += size;
	sink = block;
	return sink;
}

static void *gone(void *block)
{
	frees++;
	return block;
}

struct alignas(64) wide {
	char data[192];
};

static void single()
{
	operator delete(gone(made(operator new(10), 10)));
	operator delete(gone(made(operator new(20), 20)), std::size_t(20));
	operator delete(gone(made(operator new(30, std::nothrow), 30)), std::nothrow);
	auto align = std::align_val_t(64);
	operator delete(gone(made(operator new(64, align), 64)), align);
	operator delete(gone(made(operator new(128, align), 128)), std::size_t(128), align);
	operator delete(gone(made(operator new(192, align, std::nothrow), 192)), align, std::nothrow);
	made(operator new(5), 5); // a leak
}

static void arrays()
{
	operator delete[](gone(made(operator new[](11), 11)));
	operator delete[](gone(made(operator new[](21), 21)), std::size_t(21));
	operator delete[](gone(made(operator new[](31, std::nothrow), 31)), std::nothrow);
	auto align = std::align_val_t(4096);
	operator delete[](gone(made(operator new[](4096, align), 4096)), align);
	operator delete[](gone(made(operator new[](8192, align), 8192)), std::size_t(8192), align);
	operator delete[](gone(made(operator new[](4096, align, std::nothrow), 4096)), align, std::nothrow);
}

static void expressions()
{
	delete static_cast<wide *>(gone(made(new wide, sizeof(wide))));
	delete static_cast<long *>(gone(made(new long(7), sizeof(long))));
	delete[] static_cast<short *>(gone(made(new short[100], 200)));
	struct with_destructor {
		~with_destructor() { sink = nullptr; }
		long value;
	};
	auto *many = new with_destructor[10]; // and the number of elements before the first
	made(many, 10 * sizeof(with_destructor) + sizeof(std::size_t));
	frees++;
	delete[] many;
}

static void library()
{
	std::string text(1000, 'x'); // libstdc++'s own code
	made(&text[0], 1001);
	text.append(5000, 'y');
	made(&text[0], 6001);
	frees += 2;
	std::vector<int> numbers(50);
	made(numbers.data(), 200);
	frees++;
}

static void failures()
{
	try {
		sink = operator new(static_cast<std::size_t>(-1) / 2 - 4096);
		abort();
	} catch (const std::bad_alloc &) {
		sink = nullptr;
	}
	sink = operator new(static_cast<std::size_t>(-1) / 2 - 4096, std::nothrow);
	if (sink)
		abort();
	operator delete(static_cast<void *>(nullptr));
}

static void of_c()
{
	void *block = made(malloc(40), 40);
	block = made(realloc(gone(block), 400), 400);
	free(gone(block));
	free(gone(made(calloc(3, 50), 150)));
	free(gone(made(aligned_alloc(256, 512), 512)));
	if (posix_memalign(&block, 128, 77))
		abort();
	free(gone(made(block, 77)));
}

static void many()
{
	static void *blocks[20000];

	for (int i = 0; i < 20000; i++) {
		std::size_t size = 1 + static_cast<std::size_t>(i) % 700;

		blocks[i] = made(operator new(size), size);
	}
	for (int i = 0; i < 20000; i += 2)
		operator delete(gone(blocks[i]));
}

int main(int argc, char **)
{
	single();
	arrays();
	expressions();
	library();
	of_c();
	many();
	if (argc > 1)
		failures();
	char line[100];
	int len = snprintf(line, sizeof(line), "%lu %lu %lu\n", allocations, frees, bytes);
	return fwrite(line, 1, static_cast<std::size_t>(len), stderr) != static_cast<std::size_t>(len);
}

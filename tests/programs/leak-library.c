/* A library for leak-places to load: it holds a start pointer in its data and one in its
 * thread-local storage. */
void *leak_library_data;
__thread void *leak_library_tls;

void **leak_library_place(int is_tls);

void **leak_library_place(int is_tls)
{
	return is_tls ? &leak_library_tls : &leak_library_data;
}

// The generated bindings, with the arena in malloc's place: what they lift is the kit's, and what they free is not
// freed (see guest.c). Nothing of ours is here.
#include <stdlib.h>
#include <string.h>

#include "kit.h"

#define malloc(size) caisson_binding_malloc(size)
#define realloc(memory, size) caisson_binding_realloc(memory, size)
#define free(memory) ((void)(memory))

#include <bindings/adapter.c>

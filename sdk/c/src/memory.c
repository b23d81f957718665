// Arenas and growing buffers. An arena frees nothing but all at once, and knows no destructors.
#include <stdlib.h>
#include <string.h>

#include "kit.h"

// The host keeps pages that a sandbox has touched resident, so the first chunk is small.
#define FIRST_CHUNK ((size_t)16 << 10)
#define LARGEST_CHUNK ((size_t)1 << 20)
#define MARK ((uintptr_t)0xca155042)

typedef struct caisson_chunk {
    struct caisson_chunk *older;
    size_t size;
    size_t used;
    _Alignas(8) uint8_t bytes[];
} chunk;

// Before each allocation, so that it can grow without being told how large it was.
typedef struct header {
    size_t capacity;
    uintptr_t mark;
} header;

caisson_arena caisson_kept, caisson_passing;
static caisson_arena *current = &caisson_kept;

caisson_arena *caisson_use(caisson_arena *arena) {
    caisson_arena *former = current;
    current = arena;
    return former;
}

static chunk *chunk_for(caisson_arena *arena, size_t size) {
    chunk *newest = arena->newest;
    if (newest && size <= newest->size - newest->used) return newest;
    size_t room = newest ? newest->size * 2 : FIRST_CHUNK;
    if (room > LARGEST_CHUNK) room = LARGEST_CHUNK;
    if (room < size) room = size;
    chunk *made = size > SIZE_MAX - sizeof(chunk) ? NULL : malloc(sizeof(chunk) + room);
    if (!made) abort(); // the sandbox's memory is used up
    *made = (chunk){.older = newest, .size = room};
    arena->newest = made;
    return made;
}

static void *allocate(caisson_arena *arena, size_t size) {
    if (size > SIZE_MAX - sizeof(header) - 7) abort();
    size = (size + 7) & ~(size_t)7;
    if (size == 0) size = 8;
    chunk *place = chunk_for(arena, sizeof(header) + size);
    header *head = (header *)(void *)&place->bytes[place->used];
    place->used += sizeof(header) + size;
    *head = (header){.capacity = size, .mark = (uintptr_t)(head + 1) ^ MARK};
    return head + 1;
}

// The header of what an arena gave out; NULL for memory from elsewhere, such as a literal.
static header *header_in(const caisson_arena *arena, const void *memory) {
    uintptr_t at = (uintptr_t)memory;
    for (const chunk *place = arena->newest; place; place = place->older) {
        uintptr_t start = (uintptr_t)place->bytes;
        if (at < start + sizeof(header) || at > start + place->used) continue;
        if (at % 8 != 0) return NULL;
        header *head = (header *)at - 1;
        return head->mark == (at ^ MARK) ? head : NULL;
    }
    return NULL;
}

static header *header_of(const void *memory) {
    header *head = header_in(&caisson_kept, memory);
    return head ? head : header_in(&caisson_passing, memory);
}

// Whether it now has room for this many bytes where it is: the newest allocation can take what lies behind it.
static bool widen(const void *memory, header *head, size_t size) {
    if (size <= head->capacity) return true;
    chunk *newest = current->newest;
    if (!newest || (const uint8_t *)memory + head->capacity != &newest->bytes[newest->used]) return false;
    if (size > SIZE_MAX - 7) abort();
    size_t more = ((size + 7) & ~(size_t)7) - head->capacity;
    if (more > newest->size - newest->used) return false;
    newest->used += more;
    head->capacity += more;
    return true;
}

void *caisson_alloc(size_t size) { return memset(allocate(current, size), 0, size); }

void *caisson_alloc_kept(size_t size) { return memset(allocate(&caisson_kept, size), 0, size); }

void *caisson_binding_malloc(size_t size) { return allocate(current, size); }

// A large text that grows is a chunk of its own: the heap often lets it grow where it is, and never keeps the old copy.
static void *regrow(header *head, size_t size) {
    chunk *place = current->newest;
    if (!place || (uint8_t *)head != place->bytes || place->used != sizeof(header) + head->capacity) return NULL;
    if (size > SIZE_MAX / 2) abort();
    size = (size + 7) & ~(size_t)7;
    chunk *grown = realloc(place, sizeof(chunk) + sizeof(header) + size);
    if (!grown) abort();
    grown->size = grown->used = sizeof(header) + size;
    current->newest = grown;
    head = (header *)(void *)grown->bytes;
    *head = (header){.capacity = size, .mark = (uintptr_t)(head + 1) ^ MARK};
    return head + 1;
}

void *caisson_binding_realloc(void *memory, size_t size) {
    header *head = memory ? header_of(memory) : NULL;
    if (memory && !head) abort(); // not from here: nobody knows how large it is
    if (head && widen(memory, head, size)) return memory;
    if (head && size >= LARGEST_CHUNK) {
        void *grown = regrow(head, size);
        if (grown) return grown;
    }
    void *moved = allocate(current, size);
    if (head) memcpy(moved, memory, head->capacity < size ? head->capacity : size);
    return moved;
}

void *caisson_grow(void *items, size_t count, size_t size) {
    if (count >= SIZE_MAX / 2 / size) abort();
    header *head = count ? header_of(items) : NULL;
    uint8_t *grown = items;
    if (!head || !widen(items, head, (count + 1) * size)) {
        grown = allocate(current, (count ? 2 * count : 4) * size);
        if (count) memcpy(grown, items, count * size);
    }
    memset(grown + count * size, 0, size);
    return grown;
}

void *caisson_grow_kept(void *items, size_t count, size_t size) {
    caisson_arena *former = caisson_use(&caisson_kept);
    void *grown = caisson_grow(items, count, size);
    caisson_use(former);
    return grown;
}

void caisson_arena_empty(caisson_arena *arena) {
    chunk *place = arena->newest;
    while (place && place->older) {
        chunk *older = place->older;
        free(place);
        place = older;
    }
#ifndef __wasm__
    // In tests, what is used after its time is seen.
    if (place) memset(place->bytes, 0xdd, place->used);
#endif
    if (place) place->used = 0;
    arena->newest = place;
}

caisson_mark caisson_arena_mark(void) {
    return (caisson_mark){current->newest, current->newest ? current->newest->used : 0};
}

void caisson_arena_rewind(caisson_mark mark) {
    // The very first chunk stays, empty.
    while (current->newest != mark.chunk && current->newest->older) {
        chunk *older = current->newest->older;
        free(current->newest);
        current->newest = older;
    }
    if (current->newest) current->newest->used = mark.chunk ? mark.used : 0;
}

caisson_string caisson_keep(caisson_string text) {
    uint8_t *copy = allocate(&caisson_kept, text.len);
    if (text.len) memcpy(copy, text.ptr, text.len);
    return (caisson_string){copy, text.len};
}

void caisson_buffer_add(caisson_buffer *buffer, caisson_string bytes) {
    if (bytes.len == 0) return;
    if (bytes.len > SIZE_MAX / 2 - buffer->len) abort();
    size_t needed = buffer->len + bytes.len;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity < 128 ? 256 : buffer->capacity * 2;
        if (capacity < needed) capacity = needed;
        uint8_t *grown = realloc(buffer->ptr, capacity);
        if (!grown) abort();
        buffer->ptr = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->ptr + buffer->len, bytes.ptr, bytes.len);
    buffer->len = needed;
}

caisson_string caisson_buffer_text(const caisson_buffer *buffer) { return (caisson_string){buffer->ptr, buffer->len}; }

void caisson_buffer_free(caisson_buffer *buffer) {
    free(buffer->ptr);
    *buffer = (caisson_buffer){0};
}

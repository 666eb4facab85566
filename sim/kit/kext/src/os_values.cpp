/* os_values.cpp - strings, symbols, numbers, truths and data; see os.h */
#include <faultline_kext/os.h>

#include "host.h"
#include "made.h"
#include "seam.h"

/* ---- OSString, OSSymbol ---- */

OSDefineMetaClassAndStructors(OSString, OSObject) OSDefineMetaClassAndStructors(OSSymbol, OSString)

    bool OSString::initWithCString(const char *text)
{
    return text != NULL && initWithStringOfLength(text, strlen(text));
}

/* The text ends there, or before. */
bool
OSString::initWithStringOfLength(const char *text, size_t most)
{
    if (text == NULL || !OSObject::init())
        return false;
    length = (unsigned)strnlen(text, most);
    string = (char *)kext_allocate(length + 1, 1);
    memcpy(string, text, length);
    return true;
}

bool
OSString::initWithCStringNoCopy(const char *text)
{
    if (text == NULL || !OSObject::init())
        return false;
    length = (unsigned)strlen(text);
    string = const_cast<char *>(text);
    isBorrowed = true;
    return true;
}

void
OSString::free()
{
    if (!isBorrowed)
        kext_release(string);
    OSObject::free();
}

OSString *
OSString::withCString(const char *text)
{
    OSString *object = new OSString;

    return made(object, object != NULL && object->initWithCString(text));
}

OSString *
OSString::withCStringNoCopy(const char *text)
{
    OSString *object = new OSString;

    return made(object, object != NULL && object->initWithCStringNoCopy(text));
}

bool
OSString::initWithString(const OSString *other)
{
    return other != NULL && initWithCString(other->string);
}

OSString *
OSString::withString(const OSString *other)
{
    return other == NULL ? NULL : withCString(other->string);
}

OSString *
OSString::withCString(const char *text, size_t size)
{
    OSString *object = new OSString;

    return made(object, object != NULL && object->initWithStringOfLength(text, size));
}

unsigned int
OSString::getLength() const
{
    return length;
}

char
OSString::getChar(unsigned index) const
{
    return index < length ? string[index] : '\0';
}

bool
OSString::setChar(char c, unsigned index)
{
    if (index >= length || isBorrowed)
        return false;
    string[index] = c;
    return true;
}

const char *
OSString::getCStringNoCopy() const
{
    return string;
}

bool
OSString::isEqualTo(const char *text) const
{
    return strcmp(string, text) == 0;
}

bool
OSString::isEqualTo(const OSString *other) const
{
    return other != NULL && isEqualTo(other->string);
}

bool
OSString::isEqualTo(const OSData *other) const
{
    return other != NULL && other->isEqualTo(this);
}

bool
OSString::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSString, other)) || isEqualTo(OSDynamicCast(OSData, other));
}

/*
 * Each text once, for ever, as in the kernel's pool. Global variables are symbols too, so it is made
 * while there is one thread.
 */
static struct kext_mutex *pool_lock;
static OSArray *pool;

static void
pool_enter()
{
    if (pool_lock == NULL) {
        Kernel kernel;

        pool_lock = kext_mutex_create(1);
        pool = OSArray::withCapacity(64);
    }
    kext_mutex_lock(pool_lock);
}

const OSSymbol *
OSSymbol::existingSymbolForCString(const char *text)
{
    OSSymbol *symbol = NULL;

    pool_enter();
    for (unsigned i = 0; symbol == NULL && i < pool->getCount(); i++)
        if (((OSSymbol *)pool->getObject(i))->isEqualTo(text))
            symbol = (OSSymbol *)pool->getObject(i);
    if (symbol != NULL)
        symbol->retain();
    kext_mutex_unlock(pool_lock);
    return symbol;
}

/* The new one is made with the pool open: who holds the model's lock may want a symbol. */
const OSSymbol *
OSSymbol::withCString(const char *text)
{
    const OSSymbol *symbol = existingSymbolForCString(text);
    OSSymbol *fresh = symbol != NULL ? NULL : new OSSymbol;

    if (fresh == NULL)
        return symbol;
    if (fresh->initWithCString(text)) {
        pool_enter();
        symbol = existingSymbolForCString(text); /* it may have come meanwhile */
        if (symbol == NULL) {
            pool->setObject(fresh);
            fresh->retain();
            symbol = fresh;
        }
        kext_mutex_unlock(pool_lock);
    }
    fresh->release();
    return symbol;
}

const OSSymbol *
OSSymbol::withCStringNoCopy(const char *text)
{
    return withCString(text);
}

const OSSymbol *
OSSymbol::withString(const OSString *other)
{
    return other == NULL ? NULL : withCString(other->getCStringNoCopy());
}

const OSSymbol *
OSSymbol::existingSymbolForString(const OSString *other)
{
    return other == NULL ? NULL : existingSymbolForCString(other->getCStringNoCopy());
}

bool
OSSymbol::isEqualTo(const OSSymbol *other) const
{
    return this == other;
}

/* ---- OSNumber, OSBoolean ---- */

OSDefineMetaClassAndStructors(OSNumber, OSObject) OSDefineMetaClassAndStructors(OSBoolean, OSObject)

    bool OSNumber::init(unsigned long long number, unsigned int width)
{
    bits = width;
    if (width > 64 || !OSObject::init())
        return false;
    OSNumber::setValue(number);
    return true;
}

/* As many bits of it as the number has. */
void
OSNumber::setValue(unsigned long long number)
{
    value = bits == 64 ? number : number & ((1ull << bits) - 1);
}

OSNumber *
OSNumber::withNumber(unsigned long long number, unsigned int width)
{
    OSNumber *object = new OSNumber;

    return made(object, object != NULL && object->init(number, width));
}

OSNumber *
OSNumber::withNumber(const char *text, unsigned int width)
{
    return withNumber(strtoul(text, NULL, 0), width);
}

bool
OSNumber::init(const char *text, unsigned int width)
{
    return init(strtoul(text, NULL, 0), width);
}

bool
OSNumber::isEqualTo(const OSNumber *number) const
{
    return number != NULL && number->value == value;
}

bool
OSNumber::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSNumber, other));
}

OSBoolean *
OSBoolean::withBoolean(bool truth)
{
    static OSBoolean *both[2];

    if (both[truth] == NULL) {
        Kernel kernel;

        both[truth] = new OSBoolean;
        both[truth]->value = truth;
    }
    return both[truth];
}

static OSBoolean *the_true = OSBoolean::withBoolean(true);
static OSBoolean *the_false = OSBoolean::withBoolean(false);
OSBoolean *const &kOSBooleanTrue = the_true;
OSBoolean *const &kOSBooleanFalse = the_false;

/* ---- OSData ---- */

OSDefineMetaClassAndStructors(OSData, OSObject);

bool
OSData::initWithCapacity(unsigned bytes)
{
    isOwn = true;
    capacityIncrement = bytes;
    return OSObject::init() && ensureCapacity(bytes) >= bytes;
}

void
OSData::free()
{
    if (isOwn)
        kext_release(data);
    OSObject::free();
}

unsigned int
OSData::ensureCapacity(unsigned bytes)
{
    UInt64 step = capacityIncrement != 0 ? capacityIncrement : 16;
    UInt64 rounded = (bytes + step - 1) / step * step;
    void *larger;

    if (bytes <= capacity || !isOwn || rounded > UINT32_MAX)
        return capacity;
    larger = kext_allocate(rounded, 16);
    if (length > 0)
        memcpy(larger, data, length);
    kext_release(data);
    data = larger;
    return capacity = (unsigned)rounded;
}

bool
OSData::appendBytes(const void *bytes, unsigned count)
{
    if (count == 0)
        return true;
    if (!isOwn || length + count < length || ensureCapacity(length + count) < length + count)
        return false;
    if (bytes != NULL)
        memcpy((char *)data + length, bytes, count);
    else
        memset((char *)data + length, 0, count);
    length += count;
    return true;
}

bool
OSData::appendBytes(const OSData *other)
{
    unsigned more = other->length;

    if (more > UINT32_MAX - length || ensureCapacity(length + more) < length + more)
        return false;
    return appendBytes(other->data, more); /* it may be this one, whose bytes have moved */
}

OSData *
OSData::withCapacity(unsigned bytes)
{
    OSData *object = new OSData;

    return made(object, object != NULL && object->initWithCapacity(bytes));
}

OSData *
OSData::withBytes(const void *bytes, unsigned count)
{
    OSData *object = new OSData;

    return made(object, object != NULL && object->initWithBytes(bytes, count));
}

bool
OSData::initWithBytes(const void *bytes, unsigned count)
{
    return (bytes != NULL || count == 0) && initWithCapacity(count) && appendBytes(bytes, count);
}

bool
OSData::initWithBytesNoCopy(void *bytes, unsigned count)
{
    data = bytes;
    length = capacity = count;
    return OSObject::init();
}

bool
OSData::initWithData(const OSData *other)
{
    return other != NULL && initWithBytes(other->data, other->length);
}

OSData *
OSData::withBytesNoCopy(void *bytes, unsigned count)
{
    OSData *object = new OSData;

    return made(object, object != NULL && object->initWithBytesNoCopy(bytes, count));
}

OSData *
OSData::withData(const OSData *other, unsigned start, unsigned count)
{
    const void *bytes = other == NULL ? NULL : other->getBytesNoCopy(start, count);

    return bytes == NULL ? NULL : withBytes(bytes, count);
}

bool
OSData::appendByte(unsigned char byte, unsigned count)
{
    if (!appendBytes(NULL, count))
        return false;
    if (count > 0)
        memset((char *)data + length - count, byte, count);
    return true;
}

OSData *
OSData::withData(const OSData *other)
{
    return other == NULL ? NULL : withBytes(other->data, other->length);
}

const void *
OSData::getBytesNoCopy(unsigned start, unsigned count) const
{
    return start < length && count <= length - start ? (char *)data + start : NULL;
}

bool
OSData::isEqualTo(const void *bytes, unsigned count) const
{
    return count <= length && (count == 0 || memcmp(data, bytes, count) == 0);
}

/* The data may have the string's end, too. */
bool
OSData::isEqualTo(const OSString *other) const
{
    unsigned more = other == NULL ? 2 : length - other->getLength();

    return more <= 1 && isEqualTo(other->getCStringNoCopy(), length);
}

bool
OSData::isEqualTo(const OSData *other) const
{
    return other != NULL && other->length == length && isEqualTo(other->data, length);
}

bool
OSData::isEqualTo(const OSMetaClassBase *other) const
{
    return isEqualTo(OSDynamicCast(OSData, other)) || isEqualTo(OSDynamicCast(OSString, other));
}

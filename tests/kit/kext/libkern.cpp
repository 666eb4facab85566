/*
 * libkern.cpp - libkern's objects as drivers know them; each check gives NULL or what did not hold
 */
#include <libkern/c++/OSContainers.h>

#define HOLDS(condition)       \
    do {                       \
        if (!(condition))      \
            return #condition; \
    } while (0)

/* ---- values ---- */

extern "C" const char *
check_values(void)
{
    OSNumber *number = OSNumber::withNumber(0xffull, 8);
    OSString *text = OSString::withCString("abc");
    OSString *short_text = OSString::withCString("abcdef", 2);
    OSData *data = OSData::withBytes("abcdef", 6);
    OSData *same = OSData::withBytes("abc", 4); /* with its end */
    char own[] = "own";
    OSString *borrowed = OSString::withCStringNoCopy(own);

    number->addValue(2);
    HOLDS(number->unsigned64BitValue() == 1); /* a number has no more bits than it was made with */
    number->setValue(0x1234);
    HOLDS(number->unsigned64BitValue() == 0x34);
    HOLDS(OSNumber::withNumber(1ull, 65) == NULL);
    HOLDS(!data->isEqualTo(text) && same->isEqualTo(text) && text->isEqualTo(same));
    HOLDS(text->isEqualTo((OSMetaClassBase *)same) && same->isEqualTo((OSMetaClassBase *)text));
    HOLDS(!text->isEqualTo((OSMetaClassBase *)data) && !text->isEqualTo((OSMetaClassBase *)number));
    HOLDS(strcmp(short_text->getCStringNoCopy(), "ab") == 0);
    HOLDS(OSString::withCString(NULL, 3) == NULL);
    HOLDS(borrowed->getCStringNoCopy() == own && !borrowed->setChar('O', 0));
    HOLDS(text->setChar('A', 0) && text->isEqualTo("Abc"));
    HOLDS(OSData::withBytes(NULL, 4) == NULL && OSData::withData(NULL) == NULL);
    HOLDS(data->getBytesNoCopy(2, 0) == (const char *)data->getBytesNoCopy() + 2);
    HOLDS(data->getBytesNoCopy(6, 0) == NULL && data->getBytesNoCopy(2, 5) == NULL);
    HOLDS(data->appendBytes(data) && data->isEqualTo("abcdefabcdef", 12));
    number->release();
    text->release();
    short_text->release();
    data->release();
    same->release();
    borrowed->release();
    return NULL;
}

/* Nobody counts who has a truth: the kernel's two are there for ever. */
extern "C" const char *
check_truths(void)
{
    for (unsigned i = 0; i < 10; i++)
        kOSBooleanTrue->release();
    HOLDS(OSBoolean::withBoolean(true) == kOSBooleanTrue && kOSBooleanTrue->isTrue());
    HOLDS(OSBoolean::withBoolean(false) == kOSBooleanFalse && kOSBooleanFalse->isFalse());
    return NULL;
}

/* ---- references: all go through the two with a tag ---- */

class test_Counted : public OSObject
{
    OSDeclareDefaultStructors(test_Counted);

  public:
    mutable int taken, given;
    void taggedRetain(const void *tag) const override;
    void taggedRelease(const void *tag, const int freeWhen) const override;
    using OSObject::taggedRelease;
};
OSDefineMetaClassAndStructors(test_Counted, OSObject);

void
test_Counted::taggedRetain(const void *tag) const
{
    taken++;
    OSObject::taggedRetain(tag);
}

void
test_Counted::taggedRelease(const void *tag, const int freeWhen) const
{
    given++;
    OSObject::taggedRelease(tag, freeWhen);
}

extern "C" const char *
check_tagged(void)
{
    test_Counted *object = new test_Counted;

    object->retain();
    object->taggedRetain(object);
    HOLDS(object->taken == 2 && object->getRetainCount() == 3);
    object->release();
    object->taggedRelease(object);
    HOLDS(object->given == 2 && object->getRetainCount() == 1);
    object->release();
    return NULL;
}

/* ---- collections ---- */

extern "C" const char *
check_capacities(void)
{
    OSNumber *number = OSNumber::withNumber(1ull, 8);
    const OSSymbol *key = OSSymbol::withCString("key");
    const OSObject *objects[] = { number, number, number };
    const OSSymbol *keys[] = { key, key, key };
    OSArray *array = OSArray::withCapacity(3);
    OSArray *empty = OSArray::withCapacity(0);
    OSDictionary *table = OSDictionary::withObjects(objects, keys, 1);

    HOLDS(array->getCapacity() == 3 && array->getCapacityIncrement() == 3);
    HOLDS(array->ensureCapacity(4) == 6 && empty->ensureCapacity(1) == 16);
    HOLDS(array->ensureCapacity(~0u) == 6);
    HOLDS(OSArray::withCapacity(~0u) == NULL);
    HOLDS(OSArray::withObjects(objects, 3, 2) == NULL && OSSet::withObjects(objects, 3, 2) == NULL);
    HOLDS(OSDictionary::withObjects(objects, keys, 3, 2) == NULL);
    HOLDS(OSArray::withArray(NULL) == NULL && OSSet::withSet(NULL) == NULL);
    HOLDS(OSSet::withArray(NULL) == NULL && OSDictionary::withDictionary(NULL) == NULL);
    HOLDS(!table->merge(NULL));
    table->removeObject((const OSSymbol *)NULL);
    table->removeObject((const char *)NULL);
    HOLDS(table->getCount() == 1);
    for (unsigned i = 0; i < 2; i++)
        HOLDS(array->setObject(number));
    HOLDS(array->merge(array) && array->getCount() == 4);
    HOLDS(number->getRetainCount() == 6);
    array->release();
    empty->release();
    table->release();
    number->release();
    key->release();
    return NULL;
}

/* Says when it goes. */
class test_Going : public OSObject
{
    OSDeclareDefaultStructors(test_Going);

  public:
    static unsigned order;
    unsigned number;
    void free() override;
};
OSDefineMetaClassAndStructors(test_Going, OSObject);
unsigned test_Going::order;

void
test_Going::free()
{
    order = order * 10 + number;
    OSObject::free();
}

extern "C" const char *
check_members(void)
{
    OSArray *array = OSArray::withCapacity(3);
    OSSet *set = OSSet::withCapacity(2);
    OSOrderedSet *ordered = OSOrderedSet::withCapacity(2);
    OSNumber *one = OSNumber::withNumber(1ull, 8), *two = OSNumber::withNumber(2ull, 8);
    OSCollectionIterator *walk, *walk_ordered;

    for (unsigned i = 1; i <= 3; i++) {
        test_Going *going = new test_Going;

        going->number = i;
        HOLDS(array->setObject(going));
        going->release();
    }
    array->flushCollection();
    HOLDS(test_Going::order == 123); /* the first goes first */
    HOLDS(set->setObject(one) && array->setObject(one) && array->setObject(two));
    HOLDS(set->merge(array) && set->getCount() == 2 && set->merge(array));
    HOLDS(ordered->setObject(one) && ordered->setObject(two) && !ordered->setObject(one));
    HOLDS(ordered->getFirstObject() == one && ordered->getLastObject() == two);
    walk = OSCollectionIterator::withCollection(set);
    set->removeObject(one); /* a walk begins with its first step */
    HOLDS(walk->getNextObject() == two);
    set->removeObject(one); /* who was not there changes nothing */
    HOLDS(walk->isValid() && walk->getNextObject() == NULL);
    walk_ordered = OSCollectionIterator::withCollection(ordered);
    HOLDS(walk_ordered->getNextObject() == one);
    ordered->removeObject(array);
    HOLDS(walk_ordered->getNextObject() == two);
    walk_ordered->reset();
    HOLDS(walk_ordered->getNextObject() == one);
    ordered->removeObject(one);
    HOLDS(!walk_ordered->isValid() && walk_ordered->getNextObject() == NULL);
    walk->release();
    walk_ordered->release();
    array->release();
    set->release();
    ordered->release();
    one->release();
    two->release();
    return NULL;
}

static bool
remove_it(void *from, OSObject *object)
{
    ((OSSet *)from)->removeObject(object);
    return false;
}

static bool
stop_there(void *, OSObject *)
{
    return true;
}

/* A copy of a collection has copies of the collections in it, and of each of them one. */
extern "C" const char *
check_copies(void)
{
    OSNumber *number = OSNumber::withNumber(1ull, 8);
    OSDictionary *inner = OSDictionary::withCapacity(1), *copy_inner;
    OSArray *outer = OSArray::withCapacity(3), *copy;
    OSSet *set = OSSet::withCapacity(1);

    HOLDS(inner->setObject("number", number) && outer->setObject(inner));
    HOLDS(outer->setObject(inner) && outer->setObject(outer) && set->setObject(number));
    copy = OSDynamicCast(OSArray, outer->copyCollection());
    HOLDS(copy != NULL && copy->getCount() == 3);
    copy_inner = OSDynamicCast(OSDictionary, copy->getObject(0));
    HOLDS(copy_inner != NULL && copy_inner != inner && copy_inner->isEqualTo(inner));
    HOLDS(copy->getObject(1) == copy_inner && copy->getObject(2) == copy);
    copy_inner->removeObject("number");
    HOLDS(inner->getObject("number") == number && number->getRetainCount() == 3);
    HOLDS(set->iterateObjects(set, stop_there) && !set->iterateObjects(set, remove_it));
    copy->removeObject(2);
    outer->removeObject(2);
    copy->release();
    outer->release();
    inner->release();
    set->release();
    number->release();
    return NULL;
}

/* As the kernel writes it: everything has a number, by which it is named when it comes again. */
extern "C" const char *
check_serialized(void)
{
    OSDictionary *table = OSDictionary::withCapacity(2);
    OSArray *array = OSArray::withCapacity(2);
    OSNumber *number = OSNumber::withNumber(7ull, 32);
    test_Going *going = new test_Going;
    OSSerialize *text = OSSerialize::withCapacity(10);

    HOLDS(array->setObject(number) && array->setObject(number) && array->setObject(array));
    HOLDS(table->setObject("a<b", array) && table->setObject("is", kOSBooleanTrue));
    HOLDS(table->setObject("it", going) && table->serialize(text));
    HOLDS(strcmp(text->text(),
                 "<dict ID=\"0\"><key>a&lt;b</key><array ID=\"1\">"
                 "<integer size=\"32\" ID=\"2\">0x7</integer><reference IDREF=\"2\"/>"
                 "<reference IDREF=\"1\"/></array><key>is</key><true/><key>it</key>"
                 "<string ID=\"3\">test_Going is not serializable</string></dict>") == 0);
    text->clearText();
    HOLDS(number->serialize(text));
    HOLDS(strcmp(text->text(), "<integer size=\"32\" ID=\"0\">0x7</integer>") == 0);
    array->removeObject(2);
    text->release();
    table->release();
    array->release();
    number->release();
    going->release();
    return NULL;
}

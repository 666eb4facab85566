/* os_serialize.cpp - values and collections as the text of a property list; see os_values.h */
#include <faultline_kext/os.h>

#include "host.h"
#include "made.h"

OSDefineMetaClassAndStructors(OSSerialize, OSObject);

bool
OSSerialize::initWithCapacity(unsigned wanted)
{
    capacity = wanted < 64 ? 64 : wanted;
    data = (char *)kext_allocate(capacity, 1);
    length = 1; /* the end counts */
    tags = OSArray::withCapacity(16);
    return tags != NULL && OSObject::init();
}

OSSerialize *
OSSerialize::withCapacity(unsigned wanted)
{
    OSSerialize *object = new OSSerialize;

    return made(object, object != NULL && object->initWithCapacity(wanted));
}

void
OSSerialize::free()
{
    kext_release(data);
    OSSafeReleaseNULL(tags);
    OSObject::free();
}

char *
OSSerialize::text() const
{
    return data;
}

void
OSSerialize::clearText()
{
    data[0] = '\0';
    length = 1;
    tags->flushCollection();
}

bool
OSSerialize::addChar(const char c)
{
    const char both[2] = { c, '\0' };

    return addString(both);
}

bool
OSSerialize::addString(const char *added)
{
    unsigned more = (unsigned)strlen(added);

    if (length + more > capacity) {
        char *larger = (char *)kext_allocate((length + more) * 2, 1);

        memcpy(larger, data, length);
        kext_release(data);
        data = larger;
        capacity = (length + more) * 2;
    }
    memcpy(data + length - 1, added, more + 1);
    length += more;
    return true;
}

bool
OSSerialize::previouslySerialized(const OSMetaClassBase *object)
{
    unsigned number = tags->getNextIndexOfObject(object, 0);
    char text[40];

    if (number == ~0u) {
        tags->setObject(object);
        return false;
    }
    snprintf(text, sizeof(text), "<reference IDREF=\"%u\"/>", number);
    return addString(text);
}

/* Of what previouslySerialized() was asked about. */
bool
OSSerialize::addXMLStartTag(const OSMetaClassBase *object, const char *tag)
{
    char number[24];

    snprintf(number, sizeof(number), " ID=\"%u\">", tags->getNextIndexOfObject(object, 0));
    return addChar('<') && addString(tag) && addString(number);
}

bool
OSSerialize::addXMLEndTag(const char *tag)
{
    return addString("</") && addString(tag) && addChar('>');
}

/* ---- what each class says ---- */

static bool
add_text(OSSerialize *to, const char *text)
{
    bool is_done = true;

    for (const char *at = text; is_done && *at != '\0'; at++)
        is_done = *at == '<'   ? to->addString("&lt;")
                  : *at == '>' ? to->addString("&gt;")
                  : *at == '&' ? to->addString("&amp;")
                               : to->addChar(*at);
    return is_done;
}

bool
OSObject::serialize(OSSerialize *to) const
{
    if (to->previouslySerialized(this))
        return true;
    return to->addXMLStartTag(this, "string") && add_text(to, getMetaClass()->getClassName()) &&
           to->addString(" is not serializable") && to->addXMLEndTag("string");
}

bool
OSString::serialize(OSSerialize *to) const
{
    if (to->previouslySerialized(this))
        return true;
    return to->addXMLStartTag(this, "string") && add_text(to, string) && to->addXMLEndTag("string");
}

bool
OSNumber::serialize(OSSerialize *to) const
{
    char tag[32], text[24];

    if (to->previouslySerialized(this))
        return true;
    snprintf(tag, sizeof(tag), "integer size=\"%u\"", bits);
    snprintf(text, sizeof(text), "0x%llx", value);
    return to->addXMLStartTag(this, tag) && to->addString(text) && to->addXMLEndTag("integer");
}

bool
OSBoolean::serialize(OSSerialize *to) const
{
    return to->addString(value ? "<true/>" : "<false/>");
}

bool
OSData::serialize(OSSerialize *to) const
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const UInt8 *bytes = (const UInt8 *)data;
    bool is_done;

    if (to->previouslySerialized(this))
        return true;
    is_done = to->addXMLStartTag(this, "data");

    for (unsigned i = 0; is_done && i < length; i += 3) {
        unsigned left = length - i;
        UInt32 three = (UInt32)bytes[i] << 16 | (left > 1 ? (UInt32)bytes[i + 1] << 8 : 0) |
                       (left > 2 ? bytes[i + 2] : 0);
        char four[5] = { digits[three >> 18], digits[three >> 12 & 63],
                         left > 1 ? digits[three >> 6 & 63] : '=',
                         left > 2 ? digits[three & 63] : '=', '\0' };

        is_done = to->addString(four);
    }
    return is_done && to->addXMLEndTag("data");
}

static bool
serialize_members(OSSerialize *to, const OSCollection *of, const char *tag)
{
    bool is_done;

    if (to->previouslySerialized(of))
        return true;
    is_done = to->addXMLStartTag(of, tag);

    for (unsigned i = 0; is_done && i < of->getCount(); i++)
        is_done = of->objectAt(i)->serialize(to);
    return is_done && to->addXMLEndTag(tag);
}

bool
OSArray::serialize(OSSerialize *to) const
{
    return serialize_members(to, this, "array");
}

bool
OSSet::serialize(OSSerialize *to) const
{
    return serialize_members(to, this, "set");
}

bool
OSDictionary::serialize(OSSerialize *to) const
{
    bool is_done;

    if (to->previouslySerialized(this))
        return true;
    is_done = to->addXMLStartTag(this, "dict");
    for (unsigned i = 0; is_done && i < getCount(); i++)
        is_done = to->addString("<key>") &&
                  add_text(to, ((OSString *)keys->getObject(i))->getCStringNoCopy()) &&
                  to->addXMLEndTag("key") && values->getObject(i)->serialize(to);
    return is_done && to->addXMLEndTag("dict");
}

/*
 * os_values.h - strings, symbols, numbers, truths and data
 *
 * PURPOSE     libkern's values by their own names.
 * INVARIANTS  a symbol's text exists once
 * UNITS       lengths: bytes; widths: bits
 * OWNERSHIP   with...() gives a reference
 * ERRORS      NULL or false, as libkern
 * EVENTS      none
 * XNU         libkern/libkern/c++/OSString.h and its like
 */
#ifndef KEXT_OS_VALUES_H
#define KEXT_OS_VALUES_H

#include <faultline_kext/os_object.h>

class OSArray;

/* A collection or a value as the text of a property list, where what comes again is a reference. */
class OSSerialize : public OSObject
{
    OSDeclareDefaultStructors(OSSerialize);

  protected:
    char *data;
    unsigned length, capacity;
    OSArray *tags; /* what has begun; its place is its number */
    void free() override;

  public:
    static OSSerialize *withCapacity(unsigned);
    virtual bool initWithCapacity(unsigned);
    virtual char *text() const;
    virtual unsigned int
    getLength() const
    {
        return length;
    }
    virtual unsigned int
    getCapacity() const
    {
        return capacity;
    }
    virtual void clearText();
    virtual bool previouslySerialized(const OSMetaClassBase *); /* then the reference is written */
    virtual bool addChar(const char);
    virtual bool addString(const char *);
    virtual bool addXMLStartTag(const OSMetaClassBase *, const char *tag);
    virtual bool addXMLEndTag(const char *tag);
};

class OSString : public OSObject
{
    OSDeclareDefaultStructors(OSString);

  protected:
    unsigned length;
    char *string;
    bool isBorrowed; /* the text is the caller's, and stays as it is */
    void free() override;

  public:
    static OSString *withCString(const char *);
    static OSString *withCStringNoCopy(const char *);
    static OSString *withString(const OSString *);
    static OSString *withCString(const char *, size_t length);
    virtual bool initWithString(const OSString *);
    virtual bool initWithCString(const char *);
    virtual bool initWithCStringNoCopy(const char *);
    bool initWithStringOfLength(const char *, size_t length);
    virtual unsigned int getLength() const;
    virtual char getChar(unsigned) const;
    virtual bool setChar(char, unsigned);
    virtual const char *getCStringNoCopy() const;
    virtual bool isEqualTo(const OSString *) const;
    virtual bool isEqualTo(const char *) const;
    virtual bool isEqualTo(const OSData *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
};

class OSSymbol : public OSString
{
    OSDeclareDefaultStructors(OSSymbol);

  public:
    static const OSSymbol *withString(const OSString *);
    static const OSSymbol *withCString(const char *);
    static const OSSymbol *withCStringNoCopy(const char *);
    static const OSSymbol *existingSymbolForCString(const char *);
    static const OSSymbol *existingSymbolForString(const OSString *);
    virtual bool isEqualTo(const OSSymbol *) const;
    using OSString::isEqualTo;
};

class OSNumber : public OSObject
{
    OSDeclareDefaultStructors(OSNumber);

  protected:
    unsigned int bits;
    unsigned long long value;

  public:
    static OSNumber *withNumber(unsigned long long value, unsigned int bits);
    static OSNumber *withNumber(const char *, unsigned int bits);
    virtual bool init(unsigned long long value, unsigned int bits);
    virtual unsigned int
    numberOfBits() const
    {
        return bits;
    }
    virtual unsigned int
    numberOfBytes() const
    {
        return (bits + 7) / 8;
    }
    virtual unsigned char
    unsigned8BitValue() const
    {
        return (unsigned char)value;
    }
    virtual unsigned short
    unsigned16BitValue() const
    {
        return (unsigned short)value;
    }
    virtual unsigned int
    unsigned32BitValue() const
    {
        return (unsigned int)value;
    }
    virtual unsigned long long
    unsigned64BitValue() const
    {
        return value;
    }
    virtual void
    addValue(long long delta)
    {
        setValue(value + (unsigned long long)delta);
    }
    virtual void setValue(unsigned long long number);
    virtual bool init(const char *, unsigned int bits);
    virtual bool isEqualTo(const OSNumber *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
};

/* Two are there, for ever: nobody counts references to them. */
class OSBoolean : public OSObject
{
    OSDeclareDefaultStructors(OSBoolean);

  protected:
    bool value;

  public:
    void
    taggedRetain(const void *) const override
    {
    }
    void
    taggedRelease(const void *, const int) const override
    {
    }
    using OSObject::taggedRelease;
    static OSBoolean *withBoolean(bool);
    virtual bool
    isTrue() const
    {
        return value;
    }
    virtual bool
    isFalse() const
    {
        return !value;
    }
    virtual bool
    getValue() const
    {
        return value;
    }
    virtual bool
    isEqualTo(const OSBoolean *other) const
    {
        return this == other;
    }
    bool
    isEqualTo(const OSMetaClassBase *other) const override
    {
        return this == other;
    }
    bool serialize(OSSerialize *) const override;
};
extern OSBoolean *const &kOSBooleanTrue;
extern OSBoolean *const &kOSBooleanFalse;

class OSData : public OSObject
{
    OSDeclareDefaultStructors(OSData);

  protected:
    void *data;
    unsigned length, capacity, capacityIncrement;
    bool isOwn;
    void free() override;

  public:
    static OSData *withCapacity(unsigned);
    static OSData *withBytes(const void *, unsigned);
    static OSData *withBytesNoCopy(void *, unsigned);
    static OSData *withData(const OSData *);
    static OSData *withData(const OSData *, unsigned start, unsigned count);
    virtual bool initWithCapacity(unsigned);
    virtual bool initWithBytes(const void *, unsigned);
    virtual bool initWithBytesNoCopy(void *, unsigned);
    virtual bool initWithData(const OSData *);
    virtual unsigned int
    getLength() const
    {
        return length;
    }
    virtual unsigned int
    getCapacity() const
    {
        return capacity;
    }
    virtual unsigned int
    getCapacityIncrement() const
    {
        return capacityIncrement;
    }
    virtual unsigned int
    setCapacityIncrement(unsigned increment)
    {
        return capacityIncrement = increment;
    }
    virtual unsigned int ensureCapacity(unsigned);
    virtual bool appendBytes(const void *, unsigned);
    virtual bool appendBytes(const OSData *);
    virtual bool appendByte(unsigned char, unsigned count);
    virtual const void *
    getBytesNoCopy() const
    {
        return length == 0 ? 0 : data;
    }
    virtual const void *getBytesNoCopy(unsigned start, unsigned count) const;
    virtual bool isEqualTo(const OSData *) const;
    virtual bool isEqualTo(const void *, unsigned) const;
    virtual bool isEqualTo(const OSString *) const;
    bool isEqualTo(const OSMetaClassBase *) const override;
    bool serialize(OSSerialize *) const override;
};

#endif

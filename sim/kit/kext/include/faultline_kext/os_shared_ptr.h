/*
 * os_shared_ptr.h - pointers that release what they hold
 *
 * PURPOSE     OSSharedPtr and what makes one.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   a pointer holds one reference
 * ERRORS      none
 * EVENTS      none
 * XNU         libkern/libkern/c++/OSSharedPtr.h
 */
#ifndef KEXT_OS_SHARED_PTR_H
#define KEXT_OS_SHARED_PTR_H

#include <faultline_kext/os_object.h>

/* ---- libkern/c++/OSSharedPtr.h ---- */

struct OSNoRetainTag {
};
struct OSRetainTag {
};
static constexpr OSNoRetainTag OSNoRetain{};
static constexpr OSRetainTag OSRetain{};

template <class T> class OSSharedPtr
{
  public:
    OSSharedPtr()
    {
    }
    OSSharedPtr(decltype(nullptr))
    {
    }
    OSSharedPtr(T *p, OSNoRetainTag) : object(p)
    {
    }
    OSSharedPtr(T *p, OSRetainTag) : object(p)
    {
        keep();
    }
    OSSharedPtr(const OSSharedPtr &other) : object(other.object)
    {
        keep();
    }
    template <class U> OSSharedPtr(const OSSharedPtr<U> &other) : object(other.get())
    {
        keep();
    }
    OSSharedPtr(OSSharedPtr &&other) : object(other.detach())
    {
    }
    ~OSSharedPtr()
    {
        reset();
    }
    OSSharedPtr &
    operator=(OSSharedPtr other)
    {
        swap(other);
        return *this;
    }
    T *
    get() const
    {
        return object;
    }
    T *
    operator->() const
    {
        return object;
    }
    T &
    operator*() const
    {
        return *object;
    }
    explicit operator bool() const
    {
        return object != nullptr;
    }
    T *
    detach()
    {
        T *was = object;
        object = nullptr;
        return was;
    }
    void
    reset()
    {
        if (object != nullptr)
            object->release();
        object = nullptr;
    }
    void
    reset(T *p, OSNoRetainTag)
    {
        OSSharedPtr(p, OSNoRetain).swap(*this);
    }
    void
    reset(T *p, OSRetainTag)
    {
        OSSharedPtr(p, OSRetain).swap(*this);
    }
    void
    swap(OSSharedPtr &other)
    {
        T *mine = object;
        object = other.object;
        other.object = mine;
    }

  private:
    void
    keep()
    {
        if (object != nullptr)
            object->retain();
    }
    T *object = nullptr;
};

template <class T, class U>
static inline bool
operator==(const OSSharedPtr<T> &a, const OSSharedPtr<U> &b)
{
    return a.get() == b.get();
}
template <class T>
static inline bool
operator==(const OSSharedPtr<T> &a, decltype(nullptr))
{
    return a.get() == nullptr;
}
template <class T>
static inline bool
operator!=(const OSSharedPtr<T> &a, decltype(nullptr))
{
    return a.get() != nullptr;
}
template <class T>
static inline OSSharedPtr<T>
OSMakeShared()
{
    return OSSharedPtr<T>(OSTypeAlloc(T), OSNoRetain);
}
template <class T, class U>
static inline OSSharedPtr<T>
OSDynamicPtrCast(const OSSharedPtr<U> &from)
{
    return OSSharedPtr<T>(OSDynamicCast(T, from.get()), OSRetain);
}

#endif

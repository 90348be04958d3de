/* The one function of mscms.dll that Qt imports and wine lacks; it says that there is no profile. */
#include <windows.h>

__declspec(dllexport) HANDLE WINAPI WcsCreateIccProfile(void *profile, DWORD options)
{
    (void)profile, (void)options;
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return NULL;
}

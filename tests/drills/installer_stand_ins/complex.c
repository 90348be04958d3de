/* What wine's C runtime says it has of complex numbers and has not: numpy asks for the addresses when it is loaded.
   Plain formulas, for a trial of the installation; nobody computes with them. Microsoft passes complex numbers as
   structures of two numbers. */
#include <math.h>

typedef struct { float re, im; } single;
typedef struct { double re, im; } pair;
#define EXPORT __declspec(dllexport)

static pair both(double re, double im) { pair made = {re, im}; return made; }
static pair ratio(pair a, pair b)
{
    double size = b.re * b.re + b.im * b.im;
    return both((a.re * b.re + a.im * b.im) / size, (a.im * b.re - a.re * b.im) / size);
}

#define NUMBER(name, formula)                                                        \
    EXPORT double name(pair z) { return formula; }                                   \
    EXPORT double name##l(pair z) { return formula; }                                \
    EXPORT float name##f(single s) { pair z = both(s.re, s.im); return (float)(formula); }
#define FUNCTION(name, formula)                                                      \
    EXPORT pair name(pair z) { return formula; }                                     \
    EXPORT pair name##l(pair z) { return formula; }                                  \
    EXPORT single name##f(single s)                                                  \
    {                                                                                \
        pair z = both(s.re, s.im), found = formula;                                  \
        single made = {(float)found.re, (float)found.im};                            \
        return made;                                                                 \
    }

NUMBER(creal, z.re)
NUMBER(cimag, z.im)
NUMBER(cabs, sqrt(z.re * z.re + z.im * z.im))
NUMBER(carg, atan2(z.im, z.re))
FUNCTION(cexp, both(exp(z.re) * cos(z.im), exp(z.re) * sin(z.im)))
FUNCTION(ccosh, both(cosh(z.re) * cos(z.im), sinh(z.re) * sin(z.im)))
FUNCTION(csinh, both(sinh(z.re) * cos(z.im), cosh(z.re) * sin(z.im)))
FUNCTION(ccos, both(cos(z.re) * cosh(z.im), -sin(z.re) * sinh(z.im)))
FUNCTION(csin, both(sin(z.re) * cosh(z.im), cos(z.re) * sinh(z.im)))
FUNCTION(ctan, ratio(csin(z), ccos(z)))
FUNCTION(ctanh, ratio(csinh(z), ccosh(z)))

static pair power(pair a, pair b)
{
    double length = cabs(a), log_of, angle;
    if (length == 0)
        return both(b.re == 0 && b.im == 0, 0);
    log_of = log(length);
    angle = carg(a);
    return cexp(both(b.re * log_of - b.im * angle, b.re * angle + b.im * log_of));
}
EXPORT pair cpow(pair a, pair b) { return power(a, b); }
EXPORT pair cpowl(pair a, pair b) { return power(a, b); }
EXPORT single cpowf(single a, single b)
{
    pair found = power(both(a.re, a.im), both(b.re, b.im));
    single made = {(float)found.re, (float)found.im};
    return made;
}

/* The package's door: registers the routines and the ALTREP classes, and holds the few things that only C can do
 * (setjmp, and macros of R's headers that no Rust binding has). */
#include <setjmp.h>
#include <string.h>
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>
#include <Rversion.h>

void R_init_memshare_extendr(DllInfo *dll);
void register_extendr_panic_hook(void);
void memshare_init(DllInfo *dll);

void R_init_memshare(DllInfo *dll) {
  register_extendr_panic_hook();
  R_init_memshare_extendr(dll);
  /* With the true DllInfo, so that R can reset the methods when the package is unloaded. */
  memshare_init(dll);
}

static void leave(void *target, Rboolean jump) {
  if (jump) longjmp(*(jmp_buf *)target, 1);
}

/* Runs body(data), which may call anything of R. When R jumps out of it (an error, an interrupt, a restart), the jump
 * is stopped here and kept in `token`; *jumped says so. The caller lets its values drop and then goes on with the jump
 * by R_ContinueUnwind(token). */
SEXP memshare_protect(SEXP (*body)(void *), void *data, SEXP token, int *jumped) {
  jmp_buf here;
  *jumped = 0;
  if (setjmp(here)) {
    *jumped = 1;
    return R_NilValue;
  }
  return R_UnwindProtect(body, data, leave, &here, token);
}

/* Never returns. */
void memshare_continue_unwind(SEXP token) { R_ContinueUnwind(token); }

#if R_VERSION >= R_Version(4, 6, 0)
static SEXP add_attribute(SEXP tag, SEXP value, void *visit) {
  struct { void (*fun)(void *, SEXP, SEXP); void *data; } *v = visit;
  v->fun(v->data, tag, value);
  return NULL;
}
#endif

/* Calls fun(data, symbol, value) for every attribute as it is stored: compact row names stay compact. */
void memshare_each_attribute(SEXP x, void (*fun)(void *, SEXP, SEXP), void *data) {
#if R_VERSION >= R_Version(4, 6, 0)
  struct { void (*fun)(void *, SEXP, SEXP); void *data; } visit = {fun, data};
  R_mapAttrib(x, add_attribute, &visit);
#else
  for (SEXP a = ATTRIB(x); a != R_NilValue; a = CDR(a)) fun(data, TAG(a), CAR(a));
#endif
}

/* Whether there is any attribute, without a walk over them. */
int memshare_has_attributes(SEXP x) {
#if R_VERSION >= R_Version(4, 5, 0)
  return ANY_ATTRIB(x) ? 1 : 0;
#else
  return ATTRIB(x) != R_NilValue;
#endif
}

int memshare_is_s4(SEXP x) { return Rf_isS4(x) ? 1 : 0; }
SEXP memshare_allocate_s4(void) { return Rf_allocS4Object(); }
SEXP memshare_as_s4(SEXP x) { return Rf_asS4(x, TRUE, 0); }

static size_t count_of(char wanted, const char *text) {
  size_t count = 0;
  while ((text = strchr(text, wanted)) != NULL) {
    count++;
    text++;
  }
  return count;
}

/* The character's bytes in a form that means the same in every session. *encoding: 0 as it is, 1 UTF-8, 2 Latin-1,
 * 3 bytes. Text in another native encoding is translated to UTF-8; those bytes are of R_alloc(). Bytes that are no text
 * in the native encoding stay as they are: R would put "<fc>" in their place, which differs from the text. */
const char *memshare_text(SEXP character, int *encoding, R_xlen_t *length) {
  const char *bytes = CHAR(character);
  *length = XLENGTH(character);
  switch (Rf_getCharCE(character)) {
  case CE_UTF8: *encoding = 1; return bytes;
  case CE_LATIN1: *encoding = 2; return bytes;
  case CE_BYTES: *encoding = 3; return bytes;
  default: break;
  }
  *encoding = 0;
  const char *utf8 = Rf_translateCharUTF8(character);
  if (utf8 == bytes || count_of('<', utf8) != count_of('<', bytes)) return bytes;
  *encoding = 1;
  *length = (R_xlen_t)strlen(utf8);
  return utf8;
}

SEXP memshare_character(const char *bytes, R_xlen_t length, int encoding) {
  static const cetype_t kinds[] = {CE_NATIVE, CE_UTF8, CE_LATIN1, CE_BYTES};
  return Rf_mkCharLenCE(bytes, (int)length, kinds[encoding & 3]);
}

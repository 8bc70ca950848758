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

/* Where the values of a vector of this type and length lie that has no attributes; NULL of any other, and where R would have to make them first. One
   call for what each element and each result is asked. */
const void *memshare_plain_data(SEXP x, unsigned type, R_xlen_t length) {
  if ((unsigned)TYPEOF(x) != type || XLENGTH(x) != length || memshare_has_attributes(x) || Rf_isS4(x)) return NULL;
  return DATAPTR_OR_NULL(x);
}

/* Bytes of a vector of numbers without attributes, -1 of any other value. */
static double memshare_plain_bytes(SEXP x) {
  double each;
  switch (TYPEOF(x)) {
  case LGLSXP:
  case INTSXP: each = sizeof(int); break;
  case REALSXP: each = sizeof(double); break;
  case CPLXSXP: each = sizeof(Rcomplex); break;
  case RAWSXP: each = 1; break;
  default: return -1;
  }
  return memshare_has_attributes(x) ? -1 : each * (double)XLENGTH(x);
}

/* The items of a long list are in no cache: this many before one is looked at, it is fetched. */
#define AHEAD 32
#define FETCH_AHEAD(items, at, count) if ((at) + AHEAD < (count)) __builtin_prefetch((items)[(at) + AHEAD])

/* How many items of a list, from the first on, are vectors of numbers without attributes; `bytes` are theirs. One call for a list of many. */
size_t memshare_plain_items(const SEXP *items, size_t count, double *bytes) {
  size_t plain = 0;
  *bytes = 0;
  for (; plain < count; plain++) {
    FETCH_AHEAD(items, plain, count);
    double own = memshare_plain_bytes(items[plain]);
    if (own < 0) break;
    *bytes += own;
  }
  return plain;
}

/* Copies items of a list, from the first on, as long as they are plain vectors of this type and length, which R holds in memory and of which a value
   takes `size` bytes. The value tells how many. */
size_t memshare_copy_plain(const SEXP *items, size_t count, unsigned type, R_xlen_t length, size_t size, char *out) {
  size_t copied = 0, each = (size_t)length * size;
  for (; copied < count; copied++) {
    FETCH_AHEAD(items, copied, count);
    SEXP item = items[copied];
    const void *data = ALTREP(item) ? NULL : memshare_plain_data(item, type, length);
    if (!data) break;
    memcpy(out + copied * each, data, each);
  }
  return copied;
}

int memshare_is_shared(SEXP x) { return MAYBE_SHARED(x) ? 1 : 0; }
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

/* The parts of a closure: 0 formals, 1 body as an expression, 2 environment. */
SEXP memshare_closure_part(SEXP closure, int part) {
  switch (part) {
#if R_VERSION >= R_Version(4, 5, 0)
  case 0: return R_ClosureFormals(closure);
  case 1: return R_ClosureExpr(closure);
  default: return R_ClosureEnv(closure);
#else
  case 0: return FORMALS(closure);
  case 1: return R_ClosureExpr(closure);
  default: return CLOENV(closure);
#endif
  }
}

SEXP memshare_parent(SEXP environment) {
#if R_VERSION >= R_Version(4, 5, 0)
  return R_ParentEnv(environment);
#else
  return ENCLOS(environment);
#endif
}

/* Whether every R process has this environment of its own: serialize() sends its name only. */
int memshare_is_everywhere(SEXP environment) {
  return environment == R_GlobalEnv || environment == R_BaseEnv || environment == R_BaseNamespace ||
         environment == R_EmptyEnv || R_IsNamespaceEnv(environment) || R_IsPackageEnv(environment);
}

/* What a variable of this very environment is. *kind: 0 it has no value to look at, 1 a value, 2 an active binding, of which the
 * function is given, 3 a promise that nobody has forced, which is given as it is, or from R 4.6 on as NULL. In R 4.5 promises cannot be
 * looked at: they are forced, and one that fails has no value. */
SEXP memshare_peek(SEXP environment, SEXP symbol, int *kind) {
  *kind = 2;
  if (R_BindingIsActive(symbol, environment)) return R_ActiveBindingFunction(symbol, environment);
#if R_VERSION >= R_Version(4, 6, 0)
  *kind = 3;
  if (R_GetBindingType(symbol, environment) == R_BindingTypeDelayed) return R_NilValue;
#endif
#if R_VERSION >= R_Version(4, 5, 0)
  int failed = 0;
  SEXP name = PROTECT(Rf_ScalarString(PRINTNAME(symbol)));
  SEXP call = PROTECT(Rf_lang4(Rf_install("get0"), name, environment, Rf_mkString("any")));
  SEXP inherits = PROTECT(Rf_ScalarLogical(FALSE));
  SETCDR(CDR(CDR(CDR(call))), Rf_cons(inherits, R_NilValue));
  SEXP value = R_tryEvalSilent(call, R_BaseEnv, &failed);
  UNPROTECT(3);
  *kind = failed ? 0 : 1;
  return failed ? R_MissingArg : value;
#else
  SEXP value = Rf_findVarInFrame(environment, symbol);
  *kind = value == R_UnboundValue ? 0 : 1;
  if (*kind == 0) return R_MissingArg;
  if (TYPEOF(value) != PROMSXP) return value;
  if (PRVALUE(value) != R_UnboundValue) return PRVALUE(value);
  *kind = 3;
  return value;
#endif
}

/* The value of a variable of this very environment, where neither a promise nor a function stands for it; a null pointer elsewhere, and in R 4.5, in
 * which promises cannot be told. */
SEXP memshare_plain_value(SEXP environment, SEXP symbol) {
  if (!R_existsVarInFrame(environment, symbol) || R_BindingIsActive(symbol, environment)) return NULL;
#if R_VERSION >= R_Version(4, 6, 0)
  return R_GetBindingType(symbol, environment) == R_BindingTypeValue ? R_getVar(symbol, environment, FALSE) : NULL;
#elif R_VERSION >= R_Version(4, 5, 0)
  return NULL;
#else
  SEXP value = Rf_findVarInFrame(environment, symbol);
  return TYPEOF(value) == PROMSXP || value == R_MissingArg ? NULL : value;
#endif
}

/* Binds a variable to the promise that memshare_peek() found and that nobody has forced. */
void memshare_define_promise(SEXP symbol, SEXP promise, SEXP from, SEXP to) {
#if R_VERSION >= R_Version(4, 6, 0)
  SEXP expression = PROTECT(R_DelayedBindingExpression(symbol, from));
  SEXP environment = PROTECT(R_DelayedBindingEnvironment(symbol, from));
  R_MakeDelayedBinding(symbol, expression, environment, to);
  UNPROTECT(2);
#else
  Rf_defineVar(symbol, promise, to);
#endif
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

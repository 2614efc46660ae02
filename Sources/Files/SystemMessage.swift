import Glibc

/// The system's words for an error number.
package func systemMessage(_ code: Int32) -> String {
  // Safety: the string is copied before another call can change it; at worst another thread's words appear.
  unsafe String(cString: strerror(code))
}

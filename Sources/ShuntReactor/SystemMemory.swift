import CLinux

/// The process's memory, as the system's allocator has it.
package enum SystemMemory {
    /// Gives what is free back to the system. It may take some milliseconds, in which others wait for memory.
    @Sendable
    package static func giveBack() { shunt_give_memory_back() }
}

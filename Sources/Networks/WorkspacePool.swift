import Synchronization

/// Workspaces that are lent to whoever works on a block: never more than work at the same time.
final class WorkspacePool<Workspace: Sendable>: Sendable {
  private let idle = Mutex<[Workspace]>([])
  private let make: @Sendable () -> Workspace

  init(_ make: @escaping @Sendable () -> Workspace) { self.make = make }

  func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
    let workspace = idle.withLock { $0.popLast() } ?? make()
    defer { idle.withLock { $0.append(workspace) } }
    return body(workspace)
  }
}

namespace Fscrypt.Sim.Search;

/// <summary>A mistake of the simulator itself: no verdict about the kernel can be had.</summary>
public sealed class InternalErrorException(string message, Exception? inner = null) : Exception(message, inner);

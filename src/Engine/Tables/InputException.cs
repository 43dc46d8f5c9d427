namespace CausalMixFT.Engine.Tables;

/// <summary>
/// A fault in what the user gave: one sentence with place, value, expectation and remedy, shown without a stack.
/// </summary>
public class InputException(string message) : Exception(message);

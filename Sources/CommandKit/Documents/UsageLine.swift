/// `sofatool verify [OPTIONS] PATH...`: the required options by name, the others as one word.
struct UsageLine {
  let chain: [Command]

  var text: String {
    let command = chain[chain.count - 1]
    var words = chain.map(\.name)
    guard command.subcommands.isEmpty else { return words.joined(separator: " ") + " COMMAND [OPTIONS] [OPERAND...]" }
    for option in command.allOptions where option.isRequired {
      words.append("--\(option.name) \(OptionText(option).placeholder ?? "")")
    }
    words.append("[OPTIONS]")
    words += command.operands.map(\.usage)
    return words.joined(separator: " ")
  }
}

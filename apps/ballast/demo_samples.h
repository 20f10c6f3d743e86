// SPDX-License-Identifier: Apache-2.0
// The tables that `ballast demo` works on, beside its news: prices, borrowers, cash flows and a log of firms that do
// not exist. Everything is SIMULATED from a fixed seed, by rules that stand in the .cpp file; nothing is real data.
#pragma once

#include <string>
#include <string_view>

namespace ballast::apps {

/// date,close,volume of an invented index: 1,600 sessions of a GJR-GARCH(1,1) process with Student t errors.
std::string demo_prices();

/// income,debt_ratio,missed_payments,years_employed,purpose,age,outcome of 1,500 borrowers; `outcome` (paid, default)
/// follows from the columns and chance.
std::string demo_borrowers();

/// The same columns without outcome, with id, amount and term: three applications.
std::string_view demo_applications();

/// What the bank of the demonstration lends by.
std::string_view demo_credit_policy();

/// day,amount,category of a small bank.
std::string_view demo_cash_flows();

/// section,item,amount: its LCR and NSFR tables.
std::string_view demo_liquidity_table();

/// [[scenario]] of a run on deposits.
std::string_view demo_liquidity_scenarios();

/// Lines of a payment gateway's log; one of them is unlike the others.
std::string demo_log();

/// tx,at,card,amount,kind,fraud of 900 card payments; `fraud` follows from amount, kind and chance.
std::string demo_transactions();
/// The same columns without fraud: three payments. And a rule beside the model.
std::string_view demo_new_transactions();
std::string_view demo_fraud_rules();

/// text: four complaints, in English and Chinese.
std::string_view demo_complaints();

/// date and prices of four funds over four years, driven by one factor: three of rising risk, and their index.
std::string demo_funds();
/// What a client holds, and what he answered.
std::string_view demo_holdings();
std::string_view demo_answers();

}  // namespace ballast::apps
